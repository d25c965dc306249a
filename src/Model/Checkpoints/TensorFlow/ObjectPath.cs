namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>A way from the root of an object graph to one of its nodes: the local names of the edges.</summary>
/// <remarks>Ways share their beginnings, so that a graph has no more of them in memory than it has edges.</remarks>
internal sealed class ObjectPath
{
    private readonly ObjectPath? parent;
    private readonly string localName;

    private ObjectPath(ObjectPath? parent, string localName)
    {
        this.parent = parent;
        this.localName = localName;
        Length = parent is null ? 0 : parent.Length + 1;
    }

    /// <summary>The way to the root itself.</summary>
    public static ObjectPath Root { get; } = new(null, "");

    /// <summary>The number of edges.</summary>
    public int Length { get; }

    /// <summary>The local names, from the root.</summary>
    public IReadOnlyList<string> Names
    {
        get
        {
            var names = new string[Length];
            for (var path = this; path.parent is not null; path = path.parent)
                names[path.Length - 1] = path.localName;
            return names;
        }
    }

    /// <summary>The way to a child.</summary>
    public ObjectPath To(string name) => new(this, name);

    /// <summary>
    /// The way as the keys of checkpoints spell it: names parted by slashes, a dot in a name as <c>..</c>, a slash as <c>.S</c>
    /// (tensorflow/python/trackable/trackable_utils.py).
    /// </summary>
    public override string ToString() => string.Join('/', Names.Select(Escape));

    private static string Escape(string name) =>
        name.Replace(".", "..", StringComparison.Ordinal).Replace("/", ".S", StringComparison.Ordinal);
}
