namespace Engine.Tokenizer.Unicode;

/// <summary>Hangul syllables are decomposed by arithmetic (The Unicode Standard, section 3.12).</summary>
internal static class Hangul
{
    private const int FirstSyllable = 0xAC00, LastSyllable = 0xD7A3, FirstLeading = 0x1100, FirstVowel = 0x1161, BeforeFirstTrailing = 0x11A7, Vowels = 21, Trailings = 28;

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
