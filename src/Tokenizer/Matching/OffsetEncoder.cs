using Engine.Tokenizer.Unicode;

namespace Engine.Tokenizer.Matching;

/// <summary>
/// The same ids as <see cref="TextEncoder"/>'s, and for each the part of the text that it came from, as in Hugging Face's <c>offsets</c>: every character of a word keeps the place of the
/// character of the text that it was made from, and a token reaches from its first character's start to its last one's end. Plain rather than fast: one character at a time.
/// </summary>
internal sealed class OffsetEncoder
{
    private readonly TextEncoder encoder;
    private readonly FoldingRules rules;
    private readonly int[] tokenBytes;
    private readonly int continuationBytes;

    /// <summary>Makes an encoder.</summary>
    /// <param name="encoder">Looks words up.</param>
    /// <param name="rules">The rules that the encoder's table was made from.</param>
    /// <param name="tokenBytes">Per id, how many bytes of UTF-8 its token has.</param>
    /// <param name="continuationBytes">How many of them mark a token that continues a word.</param>
    public OffsetEncoder(TextEncoder encoder, FoldingRules rules, int[] tokenBytes, int continuationBytes)
    {
        this.encoder = encoder;
        this.rules = rules;
        this.tokenBytes = tokenBytes;
        this.continuationBytes = continuationBytes;
    }

    /// <summary>Appends the ids of <paramref name="text"/> and as many offsets, which count from <paramref name="textStart"/>.</summary>
    public void Encode(ReadOnlySpan<char> text, int textStart, ref IdBuffer ids, List<TokenOffset> offsets)
    {
        var word = new AlignedWord(encoder.Limit);
        Span<int> room = stackalloc int[FoldedItems.Most];
        for (int i = 0; i < text.Length;)
        {
            int start = textStart + i;
            int c = encoder.CodePointAt(text, ref i);
            var source = new TokenOffset(start, textStart + i);
            var items = new FoldedItems(room);
            Fold(c, ref items);
            bool isFirst = true;
            foreach (int item in items.Items)
            {
                if (SequenceItem.CombiningClass(item) != 0)
                {
                    word.Wait(item, source, isFirst);
                }
                else
                {
                    word.PutMarks();
                    Put(word, item, source, ref ids, offsets);
                }
                isFirst = false;
            }
        }
        word.PutMarks();
        End(word, ref ids, offsets);
    }

    // The rules are slow. The table has the same answer where no mark was dropped from it, as in ASCII.
    private void Fold(int c, ref FoldedItems items)
    {
        FoldKind kind = encoder.Folding.Fold(c, out int payload);
        if (kind == FoldKind.Word || (c < 128 && kind is FoldKind.Mapped or FoldKind.Isolated or FoldKind.Space))
            items.Add(payload == 0 ? c : payload, 0, kind == FoldKind.Mapped ? FoldKind.Word : kind);
        else
            rules.Fold(c, ref items);
    }

    private void Put(AlignedWord word, int item, TokenOffset source, ref IdBuffer ids, List<TokenOffset> offsets)
    {
        FoldKind kind = SequenceItem.Kind(item);
        if (kind is FoldKind.Space or FoldKind.Isolated)
            End(word, ref ids, offsets);
        word.LastSource = source;
        if (kind is FoldKind.Word or FoldKind.Isolated)
            word.Append(SequenceItem.CodePoint(item), source);
        if (kind == FoldKind.Isolated)
            End(word, ref ids, offsets);
    }

    private void End(AlignedWord word, ref IdBuffer ids, List<TokenOffset> offsets)
    {
        if (word.IsEmpty)
            return;
        int firstId = ids.Count;
        if (word.IsTooLong)
            encoder.EncodeUnknown(ref ids);
        else
            encoder.EncodeWord(word.Bytes, ref ids);
        if (ids.Count - firstId == 1)
        {
            offsets.Add(word.Whole);
        }
        else
        {
            int start = 0;
            foreach (int id in ids.Ids[firstId..])
            {
                int end = start + tokenBytes[id] - (start == 0 ? 0 : continuationBytes);
                offsets.Add(word.Part(start, end));
                start = end;
            }
        }
        word.Clear();
    }
}
