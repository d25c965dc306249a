namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>A value that an object keeps in a checkpoint (TrackableObject.SerializedTensor).</summary>
/// <param name="Name">What it is to its object; <c>VARIABLE_VALUE</c> for a variable.</param>
/// <param name="FullName">The variable's name when it was saved, without <c>:0</c>; may be empty.</param>
/// <param name="Key">The tensor's name in the checkpoint.</param>
internal sealed record SerializedTensor(string Name, string FullName, string Key);

/// <summary>An object of a checkpoint.</summary>
/// <param name="Children">Its edges.</param>
/// <param name="Tensors">The values that it keeps.</param>
/// <param name="SlotVariables">The nodes of the optimizer slots that it keeps for other variables.</param>
internal sealed record TrackableObject(
    IReadOnlyList<ObjectReference> Children, IReadOnlyList<SerializedTensor> Tensors, IReadOnlyList<int> SlotVariables);

/// <summary>
/// The objects that were saved into a checkpoint, under the key <c>_CHECKPOINTABLE_OBJECT_GRAPH</c> (TrackableObjectGraph,
/// tensorflow/core/protobuf/trackable_object_graph.proto).
/// </summary>
/// <param name="Path">The checkpoint's prefix, for messages.</param>
/// <param name="Nodes">The objects; node 0 is the root.</param>
internal sealed record TrackableGraph(string Path, IReadOnlyList<TrackableObject> Nodes)
{
    /// <summary>The name of the tensor that holds the graph.</summary>
    public const string TensorName = "_CHECKPOINTABLE_OBJECT_GRAPH";

    /// <summary>Reads a checkpoint's graph.</summary>
    /// <param name="bundle">The checkpoint.</param>
    /// <returns><c>null</c> where it has none: TensorFlow 1 saved variables under their names alone.</returns>
    /// <exception cref="ModelException">The graph is damaged.</exception>
    public static TrackableGraph? Read(TensorBundle bundle)
    {
        if (!bundle.Tensors.ContainsKey(TensorName))
            return null;
        var strings = bundle.ReadStrings(TensorName);
        if (strings.Count != 1)
            throw new ModelException($"{bundle.Path}: tensor \"{TensorName}\" has {strings.Count} strings, expected one; get the checkpoint again");
        return new TrackableGraph(bundle.Path, ProtobufMessage.Parse(bundle.Path, $"tensor \"{TensorName}\"", strings[0], ReadNodes));
    }

    private static List<TrackableObject> ReadNodes(ProtobufMessage message)
    {
        var budget = new GraphBudget();
        return [.. budget.Count(message.MessagesOf(1)).Select(node => new TrackableObject(
            [.. budget.Count(node.MessagesOf(1)).Select(ObjectReference.Read)],
            [.. budget.Count(node.MessagesOf(2)).Select(tensor => new SerializedTensor(tensor.TextOf(1), tensor.TextOf(2), tensor.TextOf(3)))],
            [.. budget.Count(node.MessagesOf(3)).Select(slot => ObjectReference.NodeNumber(slot.IntegerOf(3)))]))];
    }
}
