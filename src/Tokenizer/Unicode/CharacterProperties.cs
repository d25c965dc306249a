namespace Engine.Tokenizer.Unicode;

/// <summary>Properties that a character can have.</summary>
[Flags]
internal enum CharacterFlags : byte
{
    /// <summary>Punctuation: a category P, or ASCII's other signs ($+&lt;=&gt;^`|~).</summary>
    Punctuation = 1,

    /// <summary>Category Mn.</summary>
    NonspacingMark = 2,

    /// <summary>Categories Cc, Cf, Co.</summary>
    Control = 4,

    /// <summary>White_Space.</summary>
    WhiteSpace = 8,

    /// <summary>A combining class, a canonical decomposition or a lower case.</summary>
    Changes = 16,
}

/// <summary>The tables, unpacked for quick questions while a <see cref="CharacterFolding"/> is made; thrown away afterwards.</summary>
internal sealed class CharacterProperties
{
    /// <summary>The most characters that a canonical decomposition has.</summary>
    public const int LongestDecomposition = 4;

    private const int CodePoints = 0x110000;
    private readonly byte[] flags = new byte[CodePoints];
    private readonly byte[] combiningClasses = new byte[CodePoints];
    private readonly Dictionary<int, (int First, int Second)> decompositions = new(2100);
    private readonly Dictionary<int, int> lower = new(1500);

    /// <summary>Unpacks the tables.</summary>
    public CharacterProperties()
    {
        Mark(UnicodeTables.Punctuation, CharacterFlags.Punctuation);
        Mark([0x21, 0x2F, 0x3A, 0x40, 0x5B, 0x60, 0x7B, 0x7E], CharacterFlags.Punctuation);
        Mark(UnicodeTables.NonspacingMarks, CharacterFlags.NonspacingMark);
        Mark(UnicodeTables.Controls, CharacterFlags.Control);
        Mark(UnicodeTables.WhiteSpace, CharacterFlags.WhiteSpace);
        ReadOnlySpan<int> classes = UnicodeTables.CombiningClasses;
        for (int i = 0; i < classes.Length; i += 3)
        {
            combiningClasses.AsSpan(classes[i], classes[i + 1] - classes[i] + 1).Fill((byte)classes[i + 2]);
            Mark(classes.Slice(i, 2), CharacterFlags.Changes);
        }
        ReadOnlySpan<int> steps = UnicodeTables.Decompositions;
        for (int i = 0; i < steps.Length; i += 3)
        {
            decompositions.Add(steps[i], (steps[i + 1], steps[i + 2]));
            flags[steps[i]] |= (byte)CharacterFlags.Changes;
        }
        ReadOnlySpan<int> ranges = UnicodeTables.LowerCase;
        for (int i = 0; i < ranges.Length; i += 4)
        {
            for (int c = ranges[i]; c <= ranges[i + 1]; c += ranges[i + 2])
            {
                lower.Add(c, c + ranges[i + 3]);
                flags[c] |= (byte)CharacterFlags.Changes;
            }
        }
    }

    /// <summary>Whether code point <paramref name="c"/> has the property.</summary>
    public bool Is(int c, CharacterFlags flag) => (flags[c] & (byte)flag) != 0;

    /// <summary>Whether code point <paramref name="c"/> has no property at all, so that nothing becomes of it.</summary>
    public bool IsPlain(int c) => flags[c] == 0;

    /// <summary>Whether <paramref name="count"/> code points from <paramref name="first"/> on have no property at all.</summary>
    public bool ArePlain(int first, int count) => !flags.AsSpan(first, count).ContainsAnyExcept((byte)0);

    /// <summary>The canonical combining class, 0 for starters.</summary>
    public int CombiningClass(int c) => combiningClasses[c];

    /// <summary>The lower case of one character, itself where there is none; U+0130, whose lower case is two characters, is the caller's.</summary>
    public int Lower(int c) => lower.GetValueOrDefault(c, c);

    /// <summary>Whether <paramref name="c"/> is a precomposed Hangul syllable.</summary>
    public static bool IsHangulSyllable(int c) => c is >= Hangul.FirstSyllable and <= Hangul.LastSyllable;

    /// <summary>The full canonical decomposition of a character that is no Hangul syllable.</summary>
    /// <param name="c">Code point.</param>
    /// <param name="parts">Receives the parts, in order; at least <see cref="LongestDecomposition"/> long.</param>
    /// <returns>How many parts.</returns>
    public int Decompose(int c, Span<int> parts)
    {
        if (!decompositions.TryGetValue(c, out (int First, int Second) step))
        {
            parts[0] = c;
            return 1;
        }
        int count = Decompose(step.First, parts);
        if (step.Second != 0)
            count += Decompose(step.Second, parts[count..]);
        return count;
    }

    private void Mark(ReadOnlySpan<int> ranges, CharacterFlags flag)
    {
        for (int i = 0; i < ranges.Length; i += 2)
        {
            foreach (ref byte value in flags.AsSpan(ranges[i], ranges[i + 1] - ranges[i] + 1))
                value |= (byte)flag;
        }
    }
}
