namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>An edge of an object graph: a child under the name that its parent gives it (ObjectReference in trackable_object_graph.proto).</summary>
/// <param name="LocalName">The name, such as <c>layer_with_weights-0</c>; it may hold dots and slashes.</param>
/// <param name="Node">The child's number.</param>
internal readonly record struct ObjectReference(string LocalName, int Node)
{
    /// <summary>Reads an edge.</summary>
    public static ObjectReference Read(ProtobufMessage message) => new(message.TextOf(2), NodeNumber(message.IntegerOf(1)));

    /// <summary>A node's number as an index; -1, which no node has, where it cannot be one.</summary>
    public static int NodeNumber(long number) => number is >= 0 and <= int.MaxValue ? (int)number : -1;
}
