namespace Engine.Tokenizer.Unicode;

/// <summary>
/// The one context that Python's <c>str.lower</c> looks at: a capital sigma is a final one after a cased letter and not before one, where characters that case ignores are skipped
/// (The Unicode Standard, table 3-17).
/// </summary>
internal static class FinalSigma
{
    /// <summary>GREEK CAPITAL LETTER SIGMA.</summary>
    public const int Capital = 0x3A3;

    /// <summary>GREEK SMALL LETTER FINAL SIGMA.</summary>
    public const int Final = 0x3C2;

    /// <summary>Whether the capital sigma at <paramref name="index"/> is the last letter of its word. Characters that <paramref name="folding"/> removes are not there.</summary>
    /// <remarks>White space and ideographs, at which Python's word ends, have no case and are not ignored, so they need no case of their own. A sigma is cased: no character is passed more than twice.</remarks>
    public static bool IsFinal(ReadOnlySpan<char> text, int index, CharacterFolding folding)
    {
        int before = index;
        int c = 0;
        bool found = false;
        while (!found && before > 0)
        {
            c = Utf16.Previous(text, ref before);
            found = !IsSkipped(c, folding);
        }
        if (!found || !IsIn(UnicodeTables.Cased15, c))
            return false;
        for (int after = index + 1; after < text.Length;)
        {
            c = Utf16.Next(text, ref after);
            if (!IsSkipped(c, folding))
                return !IsIn(UnicodeTables.Cased15, c);
        }
        return true;
    }

    private static bool IsSkipped(int c, CharacterFolding folding) => folding.Fold(c, out _) == FoldKind.Removed || IsIn(UnicodeTables.CaseIgnorable15, c);

    // Whether a table of first and last code points has c in one of its ranges.
    private static bool IsIn(ReadOnlySpan<int> ranges, int c)
    {
        int low = 0, high = ranges.Length / 2;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (ranges[2 * middle + 1] < c)
                low = middle + 1;
            else
                high = middle;
        }
        return 2 * low < ranges.Length && ranges[2 * low] <= c;
    }
}
