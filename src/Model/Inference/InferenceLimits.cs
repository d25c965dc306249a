using Engine.Model.Data;
using Engine.Tokenizer;

namespace Engine.Model.Inference;

/// <summary>Batch sizes that keep a device busy without much memory.</summary>
public static class InferenceLimits
{
    /// <summary>Tokens of a batch: enough rows for every core's tiles, few enough for a layer's states to stay near the caches.</summary>
    private const int Tokens = 2048;

    private const int Sequences = 128;

    /// <summary>Limits for running texts.</summary>
    /// <param name="texts">The tokenized texts.</param>
    public static BatchLimits For(TokenizedTexts texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        int tokens = Math.Max(BatchPlan.LongestRow(texts), (int)Math.Min(Tokens, texts.Ids.LongLength));
        return new BatchLimits(tokens, Math.Min(Sequences, Math.Max(1, texts.Count)));
    }
}
