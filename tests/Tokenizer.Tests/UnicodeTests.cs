using System.Globalization;
using System.Text.Json;
using Engine.Tokenizer.Unicode;

namespace Engine.Tokenizer.Tests;

/// <summary>Every code point, and marks in every order, against Hugging Face's normalizer and word splitter (fixtures/tokenizer/make/unicode_reference.mjs).</summary>
public class UnicodeTests
{
    private const int CodePoints = 0x110000;

    [Theory]
    [InlineData("uncased")]
    [InlineData("cased")]
    [InlineData("lower-case-only")]
    [InlineData("strip-only")]
    public void EveryListedCodePointGivesHuggingFacesWords(string setting)
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
            if (listed[c] || c is >= 0xD800 and <= 0xDFFF or >= 0xAC00 and <= 0xD7A3)
                continue;
            FoldKind kind = folding.Fold(c, out int payload);
            bool unchanged = kind == FoldKind.Word
                || (kind == FoldKind.Sequence && folding.Sequence(payload) is [int item] && SequenceItem.Kind(item) == FoldKind.Word && SequenceItem.CodePoint(item) == c);
            if (!unchanged)
                failures.Add($"{c:X}: {kind} {payload:X}");
        }
        Assert.True(failures.Count == 0, $"{failures.Count}\n{string.Join('\n', failures.Take(30))}");
    }

    [Fact]
    public void MarksAreReorderedAsHuggingFaceDoes()
    {
        int count = 0;
        foreach (IGrouping<string, JsonElement> group in File.ReadLines(Repository.Fixture("reordering.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement).GroupBy(element => element.GetProperty("setting").GetString()!))
        {
            (string Text, string[] Words)[] cases = [.. group.Select(element => (element.GetProperty("text").GetString()!,
                element.GetProperty("words").EnumerateArray().Select(word => word.GetString()!).ToArray()))];
            var vocabulary = new CharacterVocabulary(cases.SelectMany(c => c.Words).SelectMany(CharacterVocabulary.CodePoints), group.Key);
            foreach ((string text, string[] words) in cases)
            {
                List<string> actual = vocabulary.WordsOf(text);
                Assert.True(words.SequenceEqual(actual), $"{group.Key} {Show([text])}: expected {Show(words)}, got {Show(actual)}");
                count++;
            }
        }
        Assert.Equal(1000, count);
    }

    [Theory]
    [InlineData("\uD800")]
    [InlineData("a\uDC00b")]
    [InlineData("a\uD83Db caf\u00E9\uD83D")]
    [InlineData("\uDE00\uD83D\uD83D\uDE00 x")]
    public void LoneSurrogatesCountAsReplacementCharacters(string malformed)
    {
        string replaced = string.Concat(malformed.EnumerateRunes().Select(rune => rune.ToString()));
        Assert.Contains('\uFFFD', replaced);
        foreach (bool cleanText in (bool[])[true, false])
        {
            var tokenizer = new WordPieceTokenizer(new Vocabulary(["[UNK]", "[CLS]", "[SEP]", "[PAD]", "a", "b", "##b", "x", "\uFFFD", "##\uFFFD"]), new TokenizerOptions { CleanText = cleanText });
            Assert.Equal(tokenizer.Encode(replaced).Ids, tokenizer.Encode(malformed).Ids);
        }
    }

    private static IEnumerable<(int First, int Last, string[] Words)> Listed(string setting)
    {
        foreach (string line in File.ReadLines(Repository.Fixture("code-points.tsv")))
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
