namespace Engine.Tokenizer.Matching;

/// <summary>Puts sequences together: <c>[CLS] text [SEP]</c> or <c>[CLS] text [SEP] pair [SEP]</c>, cut to a length.</summary>
/// <param name="encoder">Encodes text.</param>
/// <param name="offsetEncoder">Encodes text where offsets are asked for.</param>
/// <param name="specialTokens">The tokens that are looked for in the text; null: none.</param>
/// <param name="classifierId">The id of [CLS].</param>
/// <param name="separatorId">The id of [SEP].</param>
/// <param name="convention">Whose way of cutting pairs.</param>
internal sealed class SequenceEncoder(
    TextEncoder encoder, Lazy<OffsetEncoder> offsetEncoder, SpecialTokens? specialTokens, int classifierId, int separatorId, TokenizerConvention convention)
{
    private const int SpecialTokensOfSingle = 2;
    private const int SpecialTokensOfPair = 3;

    /// <summary>Appends the ids of a text, uncut, and where <paramref name="offsets"/> is not null the parts of the text that they came from. Special tokens stand as they are; what is between them is tokenized.</summary>
    public void AppendText(ReadOnlySpan<char> text, ref IdBuffer ids, List<TokenOffset>? offsets = null)
    {
        int done = 0;
        while (specialTokens is not null)
        {
            int start = specialTokens.Find(text[done..], out int length, out int id);
            if (start < 0)
                break;
            AppendPlain(text, done, done + start, ref ids, offsets);
            ids.Reserve(1);
            ids.Add(id);
            done += start + length;
            offsets?.Add(new TokenOffset(done - length, done));
        }
        AppendPlain(text, done, text.Length, ref ids, offsets);
    }

    /// <summary>Appends a sequence.</summary>
    /// <param name="text">The first text.</param>
    /// <param name="pair">The second text; null: none.</param>
    /// <param name="maxLength">The most tokens.</param>
    /// <param name="strategy">Which text is cut.</param>
    /// <param name="ids">Receives the ids.</param>
    /// <param name="cutTokens">How many tokens were left out.</param>
    /// <param name="offsets">Receives the offsets, where it is not null.</param>
    /// <returns>Where the tokens of type 1 start.</returns>
    public int AppendSequence(
        ReadOnlySpan<char> text, string? pair, int maxLength, TruncationStrategy strategy, ref IdBuffer ids, out int cutTokens, List<TokenOffset>? offsets = null)
    {
        int special = pair is null ? SpecialTokensOfSingle : SpecialTokensOfPair;
        if (maxLength < special)
            throw new ArgumentOutOfRangeException(nameof(maxLength), maxLength, $"A {(pair is null ? "sequence" : "pair")} needs room for {special} special tokens.");
        ids.Reserve(special);
        ids.Add(classifierId);
        offsets?.Add(default);
        int firstStart = ids.Count;
        AppendText(text, ref ids, offsets);
        int first = ids.Count - firstStart;
        if (pair is not null)
            AppendText(pair, ref ids, offsets);
        int second = ids.Count - firstStart - first;
        (int firstKept, int secondKept) = Truncation.Lengths(first, second, pair is not null, maxLength - special, strategy, convention);
        cutTokens = first - firstKept + (second - secondKept);
        ids.Reserve(special);

        // The second text moves to where it belongs: after the first one's [SEP].
        int secondStart = firstStart + firstKept + 1;
        if (pair is not null)
        {
            ids.Items.AsSpan(firstStart + first, secondKept).CopyTo(ids.Items.AsSpan(secondStart));
            ids.Items[secondStart + secondKept] = separatorId;
        }
        ids.Items[secondStart - 1] = separatorId;
        ids.Count = pair is null ? secondStart : secondStart + secondKept + 1;
        if (offsets is not null)
            ArrangeOffsets(offsets, first, firstKept, secondKept, pair is not null);
        return secondStart;
    }

    // From [CLS], all of the first text, all of the second one to what is kept, with the separators' empty offsets.
    private static void ArrangeOffsets(List<TokenOffset> offsets, int first, int firstKept, int secondKept, bool isPair)
    {
        offsets.RemoveRange(1 + first + secondKept, offsets.Count - 1 - first - secondKept);
        offsets.RemoveRange(1 + firstKept, first - firstKept);
        offsets.Insert(1 + firstKept, default);
        if (isPair)
            offsets.Add(default);
    }

    private void AppendPlain(ReadOnlySpan<char> text, int start, int end, ref IdBuffer ids, List<TokenOffset>? offsets)
    {
        if (offsets is null)
            encoder.Encode(text[start..end], ref ids);
        else
            offsetEncoder.Value.Encode(text[start..end], start, ref ids, offsets);
    }
}
