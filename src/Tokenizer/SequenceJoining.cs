namespace Engine.Tokenizer;

/// <summary>Makes the sequences that a model takes from ids that the caller put together, for example with [MASK] between the ids of texts.</summary>
public static class SequenceJoining
{
    /// <summary>Ids of a text or a pair of texts with special tokens around them, cut to <paramref name="maxLength"/> as the tokenizer cuts texts.</summary>
    /// <param name="tokenizer">The tokenizer that the ids belong to.</param>
    /// <param name="first">Ids of the first text, without special tokens.</param>
    /// <param name="second">Ids of the second text; null: none.</param>
    /// <param name="maxLength">The most tokens, special tokens included.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> leaves no room for the special tokens.</exception>
    public static TokenEncoding Join(this WordPieceTokenizer tokenizer, ReadOnlySpan<int> first, int[]? second, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        int special = second is null ? 2 : 3;
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, special);
        int secondLength = second?.Length ?? 0;
        (int firstKept, int secondKept) = Truncation.Lengths(
            first.Length, secondLength, second is not null, maxLength - special, TruncationStrategy.LongestFirst, tokenizer.Options.Convention);
        int[] ids = new int[firstKept + secondKept + special];
        ids[0] = tokenizer.ClassifierId;
        first[..firstKept].CopyTo(ids.AsSpan(1));
        ids[firstKept + 1] = tokenizer.SeparatorId;
        int[] types = new int[ids.Length];
        if (second is not null)
        {
            second.AsSpan(0, secondKept).CopyTo(ids.AsSpan(firstKept + 2));
            ids[^1] = tokenizer.SeparatorId;
            types.AsSpan(firstKept + 2).Fill(1);
        }
        return new TokenEncoding(ids, types, first.Length - firstKept + secondLength - secondKept);
    }
}
