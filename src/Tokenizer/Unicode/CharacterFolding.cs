namespace Engine.Tokenizer.Unicode;

/// <summary>The <see cref="FoldingRules"/> of a tokenizer as a table: made once, one look-up per character afterwards.</summary>
internal sealed class CharacterFolding
{
    private const int CodePoints = 0x110000;
    private const int BlockBits = 7;
    private const int BlockSize = 1 << BlockBits;
    private const int KindShift = 24;
    private const int PayloadMask = (1 << KindShift) - 1;

    private readonly ushort[] blockOfCodePoint = new ushort[CodePoints >> BlockBits];
    private readonly int[] actions;
    private readonly int[] sequences;

    /// <summary>Makes the table.</summary>
    public CharacterFolding(FoldingRules rules)
    {
        var blocks = new List<int>();
        var uniformBlocks = new Dictionary<int, ushort>();
        var sequenceList = new List<int>();
        Span<int> block = stackalloc int[BlockSize];
        Span<int> room = stackalloc int[FoldedItems.Most];
        for (int blockIndex = 0; blockIndex < blockOfCodePoint.Length; blockIndex++)
        {
            int first = blockIndex << BlockBits;
            bool uniform = true;
            bool plain = rules.ArePlain(first, BlockSize);
            if (plain)
                block.Fill(Action(FoldKind.Word));
            for (int i = 0; i < BlockSize && !plain; i++)
            {
                block[i] = ActionOf(rules, first + i, room, sequenceList);
                uniform &= block[i] == block[0];
            }
            if (uniform && uniformBlocks.TryGetValue(block[0], out ushort known))
            {
                blockOfCodePoint[blockIndex] = known;
                continue;
            }
            ushort added = (ushort)(blocks.Count >> BlockBits);
            blocks.AddRange(block);
            blockOfCodePoint[blockIndex] = added;
            if (uniform)
                uniformBlocks.Add(block[0], added);
        }
        actions = [.. blocks];
        sequences = [.. sequenceList];
    }

    /// <summary>What becomes of code point <paramref name="c"/>, with the payload that goes with it.</summary>
    public FoldKind Fold(int c, out int payload)
    {
        int action = actions[(blockOfCodePoint[c >> BlockBits] << BlockBits) + (c & (BlockSize - 1))];
        payload = action & PayloadMask;
        return (FoldKind)(action >> KindShift);
    }

    /// <summary>The items of a sequence; <paramref name="index"/> is the payload that came with <see cref="FoldKind.Sequence"/>.</summary>
    public ReadOnlySpan<int> Sequence(int index) => sequences.AsSpan(index + 1, sequences[index]);

    private static int Action(FoldKind kind, int payload = 0) => (int)kind << KindShift | payload;

    private static int ActionOf(FoldingRules rules, int c, Span<int> room, List<int> sequences)
    {
        if (rules.DecomposesHangul && Hangul.IsSyllable(c))
            return Action(FoldKind.HangulSyllable);
        var items = new FoldedItems(room);
        rules.Fold(c, ref items);

        // A mark that is dropped need not be put in order.
        items.Drop(FoldKind.Removed);
        if (items.Count == 0)
            return Action(FoldKind.Removed);
        int item = items.Items[0];
        if (items.Count == 1 && SequenceItem.CombiningClass(item) == 0)
        {
            int codePoint = SequenceItem.CodePoint(item);
            return SequenceItem.Kind(item) switch
            {
                FoldKind.Word when codePoint != c => Action(FoldKind.Mapped, codePoint),
                FoldKind.Isolated when codePoint != c => Action(FoldKind.Isolated, codePoint),
                FoldKind kind => Action(kind),
            };
        }
        sequences.Add(items.Count);
        sequences.AddRange(items.Items);
        return Action(FoldKind.Sequence, sequences.Count - items.Count - 1);
    }
}
