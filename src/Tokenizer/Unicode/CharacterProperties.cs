namespace Engine.Tokenizer.Unicode;

/// <summary>Properties that a character can have.</summary>
[Flags]
internal enum CharacterFlags : byte
{
    /// <summary>Punctuation: a category P, or ASCII's other signs ($+&lt;=&gt;^`|~).</summary>
    Punctuation = 1,

    /// <summary>Category Mn.</summary>
    NonspacingMark = 2,

    /// <summary>Categories Cc and Cf; in Hugging Face's tokenizers also Co.</summary>
    Control = 4,

    /// <summary>White_Space.</summary>
    WhiteSpace = 8,

    /// <summary>A combining class, a canonical decomposition, a lower case or a folding.</summary>
    Changes = 16,

    /// <summary>Nothing is left of it by NFKC_Casefold.</summary>
    FoldedAway = 32,
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
    private readonly Dictionary<int, int> foldedToOne = [];

    // Where in UnicodeTables.FoldedToMore16 a folding starts: at its length.
    private readonly Dictionary<int, int> foldedToMore = [];

    private CharacterProperties(ReadOnlySpan<int> punctuation, ReadOnlySpan<int> nonspacingMarks, ReadOnlySpan<int> controls)
    {
        Mark(punctuation, CharacterFlags.Punctuation);
        Mark([0x21, 0x2F, 0x3A, 0x40, 0x5B, 0x60, 0x7B, 0x7E], CharacterFlags.Punctuation);
        Mark(nonspacingMarks, CharacterFlags.NonspacingMark);
        Mark(controls, CharacterFlags.Control);
        Mark(UnicodeTables.WhiteSpace, CharacterFlags.WhiteSpace);
        Mark([Hangul.FirstSyllable, Hangul.LastSyllable], CharacterFlags.Changes);
        AddNormalization(UnicodeTables.CombiningClasses9, UnicodeTables.Decompositions9);
    }

    /// <summary>Those of Hugging Face's tokenizers: categories 8.0, normalization 9.0, lower case 17.0.</summary>
    public static CharacterProperties OfHuggingFace()
    {
        var properties = new CharacterProperties(UnicodeTables.Punctuation8, UnicodeTables.NonspacingMarks8, UnicodeTables.Controls8);
        properties.AddMappings(UnicodeTables.LowerCase15, properties.lower);
        properties.AddMappings(UnicodeTables.LowerCase17, properties.lower);
        return properties;
    }

    /// <summary>Those of Python 3.12: 15.0.</summary>
    public static CharacterProperties OfPython()
    {
        var properties = new CharacterProperties(UnicodeTables.Punctuation15, UnicodeTables.NonspacingMarks15, UnicodeTables.Controls15);
        properties.AddNormalization(UnicodeTables.CombiningClasses15, UnicodeTables.Decompositions15);
        properties.AddMappings(UnicodeTables.LowerCase15, properties.lower);
        return properties;
    }

    /// <summary>Those of TensorFlow Text: categories 15.0, normalization and NFKC_Casefold 16.0; no lower case.</summary>
    public static CharacterProperties OfTensorFlowText()
    {
        var properties = new CharacterProperties(UnicodeTables.Punctuation15, UnicodeTables.NonspacingMarks15, UnicodeTables.Controls15);
        properties.AddNormalization(UnicodeTables.CombiningClasses15, UnicodeTables.Decompositions15);
        properties.AddNormalization(UnicodeTables.CombiningClasses16, UnicodeTables.Decompositions16);
        properties.AddMappings(UnicodeTables.FoldedToOne16, properties.foldedToOne);
        properties.AddLongFoldings();
        return properties;
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

    /// <summary>The full canonical decomposition of a character, Hangul syllables included.</summary>
    /// <param name="c">Code point.</param>
    /// <param name="parts">Receives the parts, in order; at least <see cref="LongestDecomposition"/> long.</param>
    /// <returns>How many parts.</returns>
    public int Decompose(int c, Span<int> parts)
    {
        if (Hangul.IsSyllable(c))
        {
            (parts[0], parts[1], int trailing) = Hangul.Decompose(c);
            if (trailing == 0)
                return 2;
            parts[2] = trailing;
            return 3;
        }
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

    /// <summary>NFKC_Casefold of a character, and the canonical decomposition of that.</summary>
    /// <param name="c">Code point.</param>
    /// <param name="parts">Receives the parts, in order; at least <see cref="FoldedItems.Most"/> long.</param>
    /// <returns>How many parts.</returns>
    public int Casefold(int c, Span<int> parts)
    {
        if (Is(c, CharacterFlags.FoldedAway))
            return 0;
        if (foldedToOne.TryGetValue(c, out parts[0]))
            return 1;
        if (foldedToMore.TryGetValue(c, out int start))
        {
            ReadOnlySpan<int> table = UnicodeTables.FoldedToMore16;
            table.Slice(start + 1, table[start]).CopyTo(parts);
            return table[start];
        }
        if (!decompositions.TryGetValue(c, out (int First, int Second) step))
            return Decompose(c, parts);
        int count = Casefold(step.First, parts);
        if (step.Second != 0)
            count += Casefold(step.Second, parts[count..]);
        return count;
    }

    private void AddNormalization(ReadOnlySpan<int> classes, ReadOnlySpan<int> steps)
    {
        for (int i = 0; i < classes.Length; i += 3)
        {
            combiningClasses.AsSpan(classes[i], classes[i + 1] - classes[i] + 1).Fill((byte)classes[i + 2]);
            Mark(classes.Slice(i, 2), CharacterFlags.Changes);
        }
        for (int i = 0; i < steps.Length; i += 3)
        {
            decompositions.Add(steps[i], (steps[i + 1], steps[i + 2]));
            flags[steps[i]] |= (byte)CharacterFlags.Changes;
        }
    }

    private void AddMappings(ReadOnlySpan<int> ranges, Dictionary<int, int> mappings)
    {
        for (int i = 0; i < ranges.Length; i += 4)
        {
            for (int c = ranges[i]; c <= ranges[i + 1]; c += ranges[i + 2])
            {
                mappings.Add(c, c + ranges[i + 3]);
                flags[c] |= (byte)CharacterFlags.Changes;
            }
        }
    }

    private void AddLongFoldings()
    {
        ReadOnlySpan<int> table = UnicodeTables.FoldedToMore16;
        for (int i = 0; i < table.Length; i += 2 + table[i + 1])
        {
            foldedToMore.Add(table[i], i + 1);
            flags[table[i]] |= (byte)CharacterFlags.Changes;
        }
        Mark(UnicodeTables.FoldedAway16, CharacterFlags.FoldedAway);
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
