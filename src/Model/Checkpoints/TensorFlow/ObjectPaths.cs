namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>
/// The ways from the root of an object graph to its nodes. A node has as many as it has parents that can be reached: to each parent the shortest way is
/// taken, because a graph with shared parts has exponentially many in all.
/// </summary>
internal sealed class ObjectPaths
{
    // Keras models nest a handful of levels.
    private const int MaxDepth = 100;

    private readonly List<ObjectPath>?[] paths;

    /// <summary>Walks a graph, breadth first.</summary>
    /// <param name="path">The file that it is from, for messages.</param>
    /// <param name="children">The edges of every node; node 0 is the root.</param>
    /// <exception cref="ModelException">An edge leads to no node, or the graph is deeper than any model's.</exception>
    public ObjectPaths(string path, IReadOnlyList<IReadOnlyList<ObjectReference>> children)
    {
        paths = new List<ObjectPath>?[children.Count];
        if (children.Count == 0)
            return;
        foreach (var edge in children.SelectMany(edges => edges).Where(edge => edge.Node < 0 || edge.Node >= children.Count))
        {
            throw new ModelException(
                $"{path}: the object graph's edge \"{edge.LocalName}\" leads to no object, expected one of {children.Count}; the file is damaged: get it again");
        }

        paths[0] = [ObjectPath.Root];
        var queue = new Queue<int>([0]);
        while (queue.TryDequeue(out int node))
        {
            var own = paths[node]![0];
            if (own.Length > MaxDepth)
                throw new ModelException($"{path}: its objects are nested more than {MaxDepth} deep, expected a model; the file is damaged: get it again");
            foreach (var child in children[node])
            {
                var way = own.To(child.LocalName);
                if (paths[child.Node] is { } known)
                {
                    known.Add(way);
                }
                else
                {
                    paths[child.Node] = [way];
                    queue.Enqueue(child.Node);
                }
            }
        }
    }

    /// <summary>All ways to a node, the shortest first; none where the root does not lead to it.</summary>
    public IReadOnlyList<ObjectPath> To(int node) => paths[node] is { } known ? known : [];
}
