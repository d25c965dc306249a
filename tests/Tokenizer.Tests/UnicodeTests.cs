using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Engine.Tokenizer.Unicode;

namespace Engine.Tokenizer.Tests;

/// <summary>
/// Every code point, and marks in every order, against Hugging Face's normalizer and word splitter (fixtures/tokenizer/make/unicode_reference.mjs), and for the other two conventions
/// against Python and ICU (make/other_conventions_reference.py).
/// </summary>
public class UnicodeTests
{
    private const int CodePoints = 0x110000;

    [Theory]
    [InlineData("uncased")]
    [InlineData("cased")]
    [InlineData("lower-case-only")]
    [InlineData("strip-only")]
    [InlineData("google-uncased")]
    [InlineData("google-cased")]
    [InlineData("tftext-uncased")]
    [InlineData("tftext-cased")]
    public void EveryListedCodePointGivesTheReferencesWords(string setting)
    {
        var cases = new List<(int CodePoint, string[] Words)>();
        foreach ((int first, int last, string[] words) in Listed(setting))
        {
            for (int c = first; c <= last; c += last - first > 1000 && c > first + 100 && c < last - 400 ? 251 : 1)
                cases.Add((c, [.. words.Select(word => string.Concat(word.Split(' ').Select(part => char.ConvertFromUtf32(part == "=" ? c : Hex(part)))))]));
        }
        var vocabulary = new CharacterVocabulary(cases.SelectMany(c => c.Words).SelectMany(CharacterVocabulary.CodePoints), setting);
        var failures = new List<string>();
        foreach ((int c, string[] expected) in cases)
        {
            List<string> actual = vocabulary.WordsOf("x" + char.ConvertFromUtf32(c) + "x");
            if (!expected.SequenceEqual(actual))
                failures.Add($"{c:X}: expected {Show(expected)}, got {Show(actual)}");
        }
        Assert.True(cases.Count > 300);
        Assert.True(failures.Count == 0, $"{failures.Count} of {cases.Count}\n{string.Join('\n', failures.Take(30))}");
    }

    [Theory]
    [InlineData("uncased")]
    [InlineData("cased")]
    [InlineData("lower-case-only")]
    [InlineData("strip-only")]
    [InlineData("google-uncased")]
    [InlineData("google-cased")]
    [InlineData("tftext-uncased")]
    [InlineData("tftext-cased")]
    public void EveryOtherCodePointStaysPartOfAWord(string setting)
    {
        var listed = new bool[CodePoints];
        foreach ((int first, int last, _) in Listed(setting))
            listed.AsSpan(first, last - first + 1).Fill(true);
        TokenizerOptions options = CharacterVocabulary.Options(setting);
        var folding = new CharacterFolding(FoldingRules.For(options));
        var failures = new List<string>();
        for (int c = 1; c < CodePoints; c++)
        {
            if (listed[c] || c is >= 0xD800 and <= 0xDFFF or >= 0xAC00 and <= 0xD7A3 || (setting == "tftext-uncased" && ChangesInUnicode16(c)))
                continue;
            FoldKind kind = folding.Fold(c, out int payload);
            bool unchanged = kind == FoldKind.Word
                || (kind == FoldKind.Sequence && folding.Sequence(payload) is [int item] && SequenceItem.Kind(item) == FoldKind.Word && SequenceItem.CodePoint(item) == c);
            if (!unchanged)
                failures.Add($"{c:X}: {kind} {payload:X}");
        }
        Assert.True(failures.Count == 0, $"{failures.Count}\n{string.Join('\n', failures.Take(30))}");
    }

    [Theory]
    [InlineData("reordering.jsonl", 1000)]
    [InlineData("contexts-others.jsonl", 850)]
    public void NeighboursHaveTheReferencesEffect(string file, int cases)
    {
        int count = 0;
        foreach (IGrouping<string, JsonElement> group in File.ReadLines(Repository.Fixture(file))
            .Select(line => JsonDocument.Parse(line).RootElement).GroupBy(element => element.GetProperty("setting").GetString()!))
        {
            (string Text, string[] Words)[] lines = [.. group.Select(element => (element.GetProperty("text").GetString()!,
                element.GetProperty("words").EnumerateArray().Select(word => word.GetString()!).ToArray()))];
            var vocabulary = new CharacterVocabulary(lines.SelectMany(c => c.Words).SelectMany(CharacterVocabulary.CodePoints), group.Key);
            foreach ((string text, string[] words) in lines)
            {
                List<string> actual = vocabulary.WordsOf(text);
                Assert.True(words.SequenceEqual(actual), $"{group.Key} {Show([text])}: expected {Show(words)}, got {Show(actual)}");
                count++;
            }
        }
        Assert.Equal(cases, count);
    }

    /// <summary>What Unicode 16.0 brought, which the reference does not know: foldings of Cyrillic, Latin, Garay and outlined letters and digits, decompositions and combining classes.</summary>
    [Fact]
    public void TensorFlowTextsNormalizationIsThatOfUnicode16()
    {
        (int CodePoint, int[] Expected)[] cases =
        [
            (0x1C89, [0x1C8A]), (0xA7CB, [0x264]), (0xA7DA, [0xA7DB]), (0xA7DC, [0x19B]), (0x10D50, [0x10D70]), (0x10D65, [0x10D85]), (0x1CCD6, ['a']), (0x1CCEF, ['z']),
            (0x1CCF9, ['9']), (0x105C9, [0x105D2]), (0x11391, [0x11390, 0x113C9]), (0x16127, [0x1611E, 0x16129, 0x1611F]), (0x16D6A, [0x16D63, 0x16D67, 0x16D67]),
        ];
        var vocabulary = new CharacterVocabulary(cases.SelectMany(c => c.Expected).Prepend('x'), "tftext-uncased");
        foreach ((int c, int[] expected) in cases)
            Assert.Equal(["x" + string.Concat(expected.Select(char.ConvertFromUtf32)) + "x"], vocabulary.WordsOf("x" + char.ConvertFromUtf32(c) + "x"));
        Assert.True(cases.All(c => ChangesInUnicode16(c.CodePoint)));
    }

    [Theory]
    [InlineData("\\uD800")]
    [InlineData("a\\uDC00b")]
    [InlineData("a\\uD83Db caf\\u00E9\\uD83D")]
    [InlineData("\\uDE00\\uD83D\\uD83D\\uDE00 x")]
    public void LoneSurrogatesCountAsReplacementCharacters(string escaped)
    {
        // The compiler keeps a test's data in UTF-8, which has no lone surrogates.
        string malformed = Regex.Unescape(escaped);
        string replaced = string.Concat(malformed.EnumerateRunes().Select(rune => rune.ToString()));
        Assert.Contains('\uFFFD', replaced);
        foreach (bool cleanText in (bool[])[true, false])
        {
            var tokenizer = new WordPieceTokenizer(new Vocabulary(["[UNK]", "[CLS]", "[SEP]", "[PAD]", "a", "b", "##b", "x", "\uFFFD", "##\uFFFD"]), new TokenizerOptions { CleanText = cleanText });
            Assert.NotEqual(replaced, malformed);
            Assert.Equal(tokenizer.Encode(replaced).Ids, tokenizer.Encode(malformed).Ids);
        }
    }

    [Theory]
    [InlineData("\\uD800", "[UNK]")]
    [InlineData("a \\uDC00b a", "a [UNK] a")]
    [InlineData("A\\uD83D\\u03A3", "[UNK]")]
    [InlineData("b\\uFFFDb", "b ##b")]
    public void ToGoogleALoneSurrogateIsACharacterThatNoTokenHas(string escaped, string expected)
    {
        string malformed = Regex.Unescape(escaped);
        // As in Python, whose strings may hold one; U+FFFD is removed there.
        var tokenizer = new WordPieceTokenizer(
            new Vocabulary(["[UNK]", "[CLS]", "[SEP]", "[PAD]", "a", "##a", "b", "##b", "\uFFFD", "##\uFFFD", "##\u03C3", "##\u03C2"]), CharacterVocabulary.Options("google-uncased"));
        TokenEncoding encoding = tokenizer.EncodeWithOffsets(malformed);
        Assert.Equal(expected, string.Join(' ', tokenizer.TokensOf(encoding.Ids[1..^1])));
        Assert.Equal(encoding.Ids, tokenizer.Encode(malformed).Ids);
    }

    private static bool ChangesInUnicode16(int c) => c is 0x897 or 0x1C89 or 0xA7CB or 0xA7CC or 0xA7DA or 0xA7DC or 0x105C9 or 0x105E4 or (>= 0x10D50 and <= 0x10D65)
        or (>= 0x10D69 and <= 0x10D6D) or 0x11383 or 0x11385 or 0x1138E or 0x11391 or 0x113C5 or 0x113C7 or 0x113C8 or (>= 0x113CE and <= 0x113D0) or (>= 0x16121 and <= 0x16128) or 0x1612F
        or (>= 0x16D68 and <= 0x16D6A) or (>= 0x1CCD6 and <= 0x1CCF9) or 0x1E5EE or 0x1E5EF;

    private static IEnumerable<(int First, int Last, string[] Words)> Listed(string setting)
    {
        foreach (string line in File.ReadLines(Repository.Fixture(CharacterVocabulary.Options(setting).Convention == TokenizerConvention.HuggingFace ? "code-points.tsv" : "code-points-others.tsv")))
        {
            string[] columns = line.Split('\t');
            if (columns[0] == setting)
                yield return (Hex(columns[1]), Hex(columns[2]), columns[3..]);
        }
    }

    private static int Hex(string digits) => int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static string Show(IEnumerable<string> words) =>
        string.Join(" | ", words.Select(word => string.Join(' ', word.EnumerateRunes().Select(rune => rune.Value.ToString("X", CultureInfo.InvariantCulture)))));
}
