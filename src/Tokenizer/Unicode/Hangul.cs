namespace Engine.Tokenizer.Unicode;

/// <summary>Hangul syllables are decomposed by arithmetic (The Unicode Standard, section 3.12).</summary>
internal static class Hangul
{
    /// <summary>The first precomposed syllable.</summary>
    public const int FirstSyllable = 0xAC00;

    /// <summary>The last precomposed syllable.</summary>
    public const int LastSyllable = 0xD7A3;

    private const int FirstLeading = 0x1100, FirstVowel = 0x1161, BeforeFirstTrailing = 0x11A7, Vowels = 21, Trailings = 28;

    /// <summary>Whether <paramref name="c"/> is a precomposed syllable.</summary>
    public static bool IsSyllable(int c) => c is >= FirstSyllable and <= LastSyllable;

    /// <summary>The jamo of a syllable; <c>Trailing</c> is 0 where there is none.</summary>
    public static (int Leading, int Vowel, int Trailing) Decompose(int syllable)
    {
        int index = syllable - FirstSyllable;
        int trailing = index % Trailings;
        return (FirstLeading + index / (Vowels * Trailings), FirstVowel + index / Trailings % Vowels, trailing == 0 ? 0 : BeforeFirstTrailing + trailing);
    }
}
