using Engine.Tokenizer;

namespace Engine.Model.Data;

/// <summary>How rows are cut into batches.</summary>
public static class BatchPlan
{
    /// <summary>
    /// All rows, the longest first, in batches within limits: the order in which nothing depends on order. A row that is longer than the limit
    /// is an error of the caller.
    /// </summary>
    /// <param name="texts">The tokenized texts.</param>
    /// <param name="limits">The largest batch.</param>
    /// <exception cref="ArgumentException">A row has more tokens than a batch may have.</exception>
    public static List<int[]> ByLength(TokenizedTexts texts, BatchLimits limits)
    {
        ArgumentNullException.ThrowIfNull(texts);
        int[] order = [.. Enumerable.Range(0, texts.Count).OrderByDescending(texts.Length)];
        List<int[]> batches = [];
        for (int start = 0; start < order.Length;)
        {
            int end = start;
            int tokens = 0;
            while (end < order.Length && end - start < limits.MaxSequences && tokens + texts.Length(order[end]) <= limits.MaxTokens)
                tokens += texts.Length(order[end++]);
            if (end == start)
                throw new ArgumentException($"Row {order[start]} has {texts.Length(order[start])} tokens; at most {limits.MaxTokens} were expected.", nameof(limits));
            batches.Add(order[start..end]);
            start = end;
        }
        return batches;
    }

    /// <summary>The number of tokens of the longest row.</summary>
    /// <param name="texts">The tokenized texts.</param>
    public static int LongestRow(TokenizedTexts texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        int longest = 0;
        for (int row = 0; row < texts.Count; row++)
            longest = Math.Max(longest, texts.Length(row));
        return longest;
    }
}
