namespace Engine.Tokenizer.Unicode;

/// <summary>What becomes of a character before words are looked up.</summary>
internal enum FoldKind : byte
{
    /// <summary>Part of a word, unchanged.</summary>
    Word,

    /// <summary>Part of a word, as the character in the payload.</summary>
    Mapped,

    /// <summary>A word of its own: the character in the payload, itself where that is 0.</summary>
    Isolated,

    /// <summary>Ends a word and is no part of one.</summary>
    Space,

    /// <summary>Removed without a trace.</summary>
    Removed,

    /// <summary>Removed, but combining marks on either side of it are not reordered across it.</summary>
    RemovedStarter,

    /// <summary>A Hangul syllable: becomes its jamo, parts of a word.</summary>
    HangulSyllable,

    /// <summary>Becomes the sequence that the payload is the index of.</summary>
    Sequence,
}

/// <summary>
/// The whole of BERT's normalization and splitting, per character: cleaning, spaces around ideographs, canonical decomposition without nonspacing marks, lower
/// case, white space and punctuation. Made once per set of options; one look-up per character afterwards.
/// </summary>
internal sealed class CharacterFolding
{
    private const int CodePoints = 0x110000;
    private const int BlockBits = 7;
    private const int BlockSize = 1 << BlockBits;
    private const int KindShift = 24;
    private const int PayloadMask = (1 << KindShift) - 1;
    private const int ReplacementCharacter = 0xFFFD;
    private const int DottedCapitalI = 0x130;

    private readonly ushort[] blockOfCodePoint = new ushort[CodePoints >> BlockBits];
    private readonly int[] actions;
    private readonly int[] sequences;

    /// <summary>Makes the table.</summary>
    public CharacterFolding(bool cleanText, bool isolateIdeographs, bool stripAccents, bool lowercase)
    {
        var source = new CharacterProperties();
        var blocks = new List<int>();
        var uniformBlocks = new Dictionary<int, ushort>();
        var sequenceList = new List<int>();
        Span<int> block = stackalloc int[BlockSize];
        Span<int> parts = stackalloc int[CharacterProperties.LongestDecomposition];
        for (int blockIndex = 0; blockIndex < blockOfCodePoint.Length; blockIndex++)
        {
            int first = blockIndex << BlockBits;
            bool uniform = true;
            bool plain = source.ArePlain(first, BlockSize) && !IsIdeograph(first) && !IsIdeograph(first + BlockSize - 1)
                && !CharacterProperties.IsHangulSyllable(first) && !CharacterProperties.IsHangulSyllable(first + BlockSize - 1);
            if (plain)
                block.Fill(Action(FoldKind.Word));
            for (int i = 0; i < BlockSize && !plain; i++)
            {
                block[i] = ActionOf(first + i, parts);
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

        int ActionOf(int c, Span<int> parts)
        {
            if (cleanText)
            {
                if (c is '\t' or '\n' or '\r')
                    return Action(FoldKind.Space);
                if (c is 0 or ReplacementCharacter || source.Is(c, CharacterFlags.Control))
                    return Action(FoldKind.Removed);
                if (source.Is(c, CharacterFlags.WhiteSpace))
                    return Action(FoldKind.Space);
            }
            bool isolated = isolateIdeographs && IsIdeograph(c);
            if (isolated && source.IsPlain(c))
                return Action(FoldKind.Isolated);
            if (stripAccents && CharacterProperties.IsHangulSyllable(c))
                return Action(FoldKind.HangulSyllable);
            parts[0] = c;
            int count = stripAccents ? source.Decompose(c, parts) : 1;
            if (count == 1 && (!stripAccents || source.CombiningClass(parts[0]) == 0))
            {
                int part = parts[0];
                if (stripAccents && source.Is(part, CharacterFlags.NonspacingMark))
                    return Action(FoldKind.RemovedStarter);
                if (!(lowercase && part == DottedCapitalI))
                {
                    part = lowercase ? source.Lower(part) : part;
                    FoldKind kind = isolated ? FoldKind.Isolated : KindOf(part);
                    return kind switch
                    {
                        FoldKind.Word when part != c => Action(FoldKind.Mapped, part),
                        FoldKind.Isolated when part != c => Action(kind, part),
                        _ => Action(kind),
                    };
                }
            }
            return SequenceAction(parts[..count]);
        }

        // A sequence is its length and then, per character, the character, its combining class and what it does to words.
        int SequenceAction(ReadOnlySpan<int> parts)
        {
            int start = sequenceList.Count;
            sequenceList.Add(0);
            foreach (int part in parts)
            {
                int combiningClass = stripAccents ? source.CombiningClass(part) : 0;
                if (stripAccents && source.Is(part, CharacterFlags.NonspacingMark))
                {
                    if (combiningClass == 0)
                        sequenceList.Add(SequenceItem.Pack(0, 0, FoldKind.RemovedStarter));
                }
                else if (lowercase && part == DottedCapitalI)
                {
                    // The one character whose lower case is two: i and a combining dot.
                    sequenceList.Add(SequenceItem.Pack('i', combiningClass, FoldKind.Word));
                    sequenceList.Add(SequenceItem.Pack(0x307, combiningClass, FoldKind.Word));
                }
                else
                {
                    int lower = lowercase ? source.Lower(part) : part;
                    sequenceList.Add(SequenceItem.Pack(lower, combiningClass, KindOf(lower)));
                }
            }
            int count = sequenceList.Count - start - 1;
            if (count == 0)
            {
                sequenceList.RemoveAt(start);
                return Action(FoldKind.Removed);
            }
            sequenceList[start] = count;
            return Action(FoldKind.Sequence, start);
        }

        FoldKind KindOf(int c) => source.Is(c, CharacterFlags.WhiteSpace) ? FoldKind.Space : source.Is(c, CharacterFlags.Punctuation) ? FoldKind.Isolated : FoldKind.Word;
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

    /// <summary>BERT's CJK ideographs, without kana and Hangul. Hugging Face starts extension E at 2B920, BERT's authors at 2B820.</summary>
    private static bool IsIdeograph(int c) => c is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF or >= 0x20000 and <= 0x2A6DF or >= 0x2A700 and <= 0x2B73F
        or >= 0x2B740 and <= 0x2B81F or >= 0x2B920 and <= 0x2CEAF or >= 0xF900 and <= 0xFAFF or >= 0x2F800 and <= 0x2FA1F;
}

/// <summary>One character of a sequence, packed into an integer: code point (21 bits), combining class (8 bits), kind.</summary>
internal static class SequenceItem
{
    /// <summary>Packs; <paramref name="kind"/> is Word, Isolated, Space or RemovedStarter.</summary>
    public static int Pack(int codePoint, int combiningClass, FoldKind kind) => codePoint | combiningClass << 21
        | (kind switch { FoldKind.Word => 0, FoldKind.Isolated => 1, FoldKind.Space => 2, _ => 3 }) << 29;

    /// <summary>The code point.</summary>
    public static int CodePoint(int item) => item & 0x1FFFFF;

    /// <summary>The canonical combining class.</summary>
    public static int CombiningClass(int item) => item >> 21 & 0xFF;

    /// <summary>What the character does to words.</summary>
    public static FoldKind Kind(int item) => (item >>> 29) switch { 0 => FoldKind.Word, 1 => FoldKind.Isolated, 2 => FoldKind.Space, _ => FoldKind.RemovedStarter };
}
