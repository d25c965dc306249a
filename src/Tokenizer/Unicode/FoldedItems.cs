namespace Engine.Tokenizer.Unicode;

/// <summary>What a single character becomes, in order, as packed items (<see cref="SequenceItem"/>); a mutable structure over the caller's memory.</summary>
internal ref struct FoldedItems(Span<int> room)
{
    /// <summary>The most items that a character becomes: 18 by NFKC_Casefold (U+FDFA), which none of the rules exceeds.</summary>
    public const int Most = 18;

    private readonly Span<int> room = room;

    /// <summary>How many items there are.</summary>
    public int Count { get; private set; }

    /// <summary>The items.</summary>
    public readonly ReadOnlySpan<int> Items => room[..Count];

    /// <summary>Appends a character.</summary>
    /// <param name="codePoint">The character.</param>
    /// <param name="combiningClass">Its canonical combining class; 0 where marks are not put in order.</param>
    /// <param name="kind">Word, Isolated, Space or, for a nonspacing mark that is dropped, Removed (with a combining class) or RemovedStarter.</param>
    public void Add(int codePoint, int combiningClass, FoldKind kind) => room[Count++] = SequenceItem.Pack(codePoint, combiningClass, kind);

    /// <summary>Takes the items of <paramref name="kind"/> out.</summary>
    public void Drop(FoldKind kind)
    {
        int kept = 0;
        foreach (int item in Items)
        {
            if (SequenceItem.Kind(item) != kind)
                room[kept++] = item;
        }
        Count = kept;
    }
}

/// <summary>One character of a sequence, packed into an integer: code point (21 bits), combining class (8 bits), kind.</summary>
internal static class SequenceItem
{
    private const int ClassShift = 21, KindShift = 29;

    /// <summary>Packs; <paramref name="kind"/> is Word, Isolated, Space, Removed or RemovedStarter.</summary>
    public static int Pack(int codePoint, int combiningClass, FoldKind kind) => codePoint | combiningClass << ClassShift | (int)kind << KindShift;

    /// <summary>The code point.</summary>
    public static int CodePoint(int item) => item & ((1 << ClassShift) - 1);

    /// <summary>The canonical combining class.</summary>
    public static int CombiningClass(int item) => item >> ClassShift & 0xFF;

    /// <summary>What the character does to words.</summary>
    public static FoldKind Kind(int item) => (FoldKind)(item >>> KindShift);
}
