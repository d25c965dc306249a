namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>What Keras says of an object of a SavedModel.</summary>
/// <param name="Path">The way to it: <c>root.layer-1</c>.</param>
/// <param name="Identifier">Its kind, such as <c>_tf_keras_network</c>.</param>
/// <param name="Json">Its class and configuration.</param>
internal sealed record KerasObject(string Path, string Identifier, string Json);

/// <summary>
/// Reads <c>keras_metadata.pb</c>, in which Keras keeps the configuration of its layers since TensorFlow 2.5 (SavedMetadata,
/// keras/protobuf/saved_metadata.proto); before, it lay in the objects of <c>saved_model.pb</c>.
/// </summary>
internal static class KerasMetadata
{
    /// <summary>The name of the file in a SavedModel's folder.</summary>
    public const string FileName = "keras_metadata.pb";

    private const int MaxBytes = 64 << 20;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <returns>What it says, by the objects' numbers in <c>saved_model.pb</c>.</returns>
    /// <exception cref="ModelException">It cannot be read, or it is damaged.</exception>
    public static IReadOnlyDictionary<int, KerasObject> Read(string path)
    {
        var objects = new Dictionary<int, KerasObject>();
        foreach (var (node, value) in ProtobufMessage.Parse(path, "it", CheckedFile.ReadWhole(path, MaxBytes), ReadNodes))
            objects[node] = value;
        return objects;
    }

    private static List<(int Node, KerasObject Object)> ReadNodes(ProtobufMessage message) =>
        [.. new GraphBudget().Count(message.MessagesOf(1)).Select(node => (
            ObjectReference.NodeNumber(node.IntegerOf(2)),
            new KerasObject(node.TextOf(3), node.TextOf(4), node.TextOf(5))))];
}
