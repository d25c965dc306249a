namespace Engine.Model.Conversion.Verification;

/// <summary>Something that a BERT computes for a batch.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Values">Its values, row-major.</param>
internal sealed record ModelOutput(string Name, double[] Values)
{
    /// <summary>[tokens, hidden], the sum of the three embeddings after its layer norm.</summary>
    public const string Embeddings = "embeddings";

    /// <summary>[sequences, hidden]</summary>
    public const string Pooled = "pooled output";

    /// <summary>[asked tokens, vocabulary]</summary>
    public const string MaskedLogits = "masked-word logits";

    /// <summary>[sequences, 2]</summary>
    public const string NextSentenceLogits = "next-sentence logits";

    /// <summary>[tokens, hidden]; the last layer's are the sequence output.</summary>
    /// <param name="index">From 0.</param>
    public static string Layer(int index) => $"layer {index}";
}
