namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>A function that a meta graph offers (an entry of MetaGraphDef.signature_def).</summary>
/// <param name="Name">Its name.</param>
/// <param name="Outputs">The tensors of the graph that are its results, by the results' names.</param>
internal sealed record Signature(string Name, IReadOnlyDictionary<string, string> Outputs)
{
    /// <summary>Reads a signature with its name.</summary>
    public static Signature Read(ProtobufMessage message)
    {
        var outputs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var output in message.MessagesOf(2).SelectMany(signature => signature.MessagesOf(2)))
            outputs[output.TextOf(1)] = output.MessagesOf(2).LastOrDefault()?.TextOf(1) ?? "";
        return new Signature(message.TextOf(1), outputs);
    }
}
