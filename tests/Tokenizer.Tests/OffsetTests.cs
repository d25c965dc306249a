using System.Text.Json;

namespace Engine.Tokenizer.Tests;

/// <summary>Where in the text tokens come from: against Hugging Face's tokenizers (fixtures/tokenizer/make/offsets_reference.mjs), and by hand from their rules.</summary>
public class OffsetTests
{
    private static readonly string[] SpecialTokens = ["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"];

    [Fact]
    public void TokensComeFromWhereHuggingFaceSays()
    {
        JsonElement[] cases = [.. File.ReadLines(Repository.Fixture("offsets.jsonl")).Select(line => JsonDocument.Parse(line).RootElement)];
        var failures = new List<string>();
        foreach (IGrouping<string, JsonElement> group in cases.GroupBy(item => Text(item, "setting") + " " + Text(item, "vocabulary")))
        {
            string setting = group.Key.Split(' ')[0];
            string[] tokens = [.. SpecialTokens.Concat(group.SelectMany(Tokens)).Distinct()];
            Vocabulary vocabulary = group.Key.EndsWith("shipped", StringComparison.Ordinal) ? Repository.Uncased.Vocabulary : new Vocabulary(tokens);
            var tokenizer = new WordPieceTokenizer(vocabulary, CharacterVocabulary.Options(setting));
            foreach (JsonElement item in group)
            {
                string text = Text(item, "text");
                TokenOffset[] expected = [.. item.GetProperty("offsets").EnumerateArray().Select(pair => new TokenOffset(pair[0].GetInt32(), pair[1].GetInt32()))];
                TokenEncoding actual = tokenizer.EncodeWithOffsets(text, maxLength: 10_000);
                Assert.Equal(Tokens(item), tokenizer.TokensOf(actual.Ids[1..^1]));
                if (!expected.SequenceEqual(actual.Offsets![1..^1]))
                    failures.Add($"{setting} {JsonSerializer.Serialize(text)}: expected {string.Join(' ', expected)}, got {string.Join(' ', actual.Offsets![1..^1])}");
            }
        }
        Assert.True(failures.Count == 0, $"{failures.Count} of {cases.Length}\n{string.Join('\n', failures.Take(10))}");
        Assert.Equal(1562, cases.Length);
    }

    [Theory]
    [InlineData("Caf\u00E9 cafe\u0301s", "cafe 0-4|cafe 5-9|##s 10-11")]
    [InlineData("so\u00ADft\u0007 \u4E2D\u6587x", "soft 0-5|\u4E2D 7-8|\u6587 8-9|x 9-10")]
    [InlineData("\u0301cafes\u0302.", "cafe 1-5|##s 5-6|. 7-8")]
    [InlineData("\uD835\uDD38\uD83D\uDE00 x[MASK]s", "[UNK] 0-4|x 5-6|[MASK] 6-12|s 12-13")]
    [InlineData("\uAC00x", "\u1100\u1161 0-1|##x 1-2")]
    public void HandComputedOffsets(string text, string expected)
    {
        // A token reaches from its first character to its last one. What was removed, such as an accent on its own, is part of it only in between.
        string[] tokens = ["cafe", "##s", "soft", "\u4E2D", "\u6587", "x", "##x", ".", "s", "\u1100\u1161"];
        var tokenizer = new WordPieceTokenizer(new Vocabulary([.. SpecialTokens, .. tokens]));
        TokenEncoding encoding = tokenizer.EncodeWithOffsets(text);
        string[] actual = [.. encoding.Ids.Zip(encoding.Offsets!, (id, offset) => $"{tokenizer.TokenOf(id)} {offset.Start}-{offset.End}")];
        Assert.Equal("[CLS] 0-0", actual[0]);
        Assert.Equal("[SEP] 0-0", actual[^1]);
        Assert.Equal(expected.Split('|'), actual[1..^1]);
    }

    [Fact]
    public void AsciiComesFromWhereThePlainDefinitionSays()
    {
        string[] tokens = [.. SpecialTokens, "a", "ab", "##a", "##b0", "##ba", "b", ".", "#"];
        var tokenizer = new WordPieceTokenizer(new Vocabulary(tokens));
        var naive = new NaiveTokenizer(tokens, lowercase: true, 100);
        var random = new Random(7);
        for (int i = 0; i < 2000; i++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => "abAB0 .#!\t\u0007\n"[random.Next(12)]));
            TokenEncoding encoding = tokenizer.EncodeWithOffsets(text, maxLength: 1000);
            Assert.Equal(naive.EncodeWithOffsets(text), encoding.Ids.Zip(encoding.Offsets!).ToArray()[1..^1]);
        }
    }

    [Theory]
    [InlineData("huggingface")]
    [InlineData("google")]
    [InlineData("tftext")]
    public void TheIdsAreThoseWithoutOffsetsAndPartsFollowEachOther(string convention)
    {
        var random = new Random(3);
        foreach (bool lowercase in (bool[])[true, false])
        {
            WordPieceTokenizer tokenizer = Repository.Tokenizer(convention, lowercase);
            foreach (string line in File.ReadLines(Repository.Fixture("cases.jsonl")))
            {
                string text = JsonDocument.Parse(line).RootElement.GetProperty("text").GetString()!;
                int maxLength = random.Next(5, 60);
                TokenEncoding plain = tokenizer.Encode(text, text, maxLength), traced = tokenizer.EncodeWithOffsets(text, text, maxLength);
                Assert.Equal(plain.Ids, traced.Ids);
                Assert.Equal(plain.Types, traced.Types);
                Assert.Equal(plain.CutTokens, traced.CutTokens);
                Assert.Null(plain.Offsets);
                Assert.Equal(traced.Ids.Length, traced.Offsets!.Length);
                for (int i = 0; i < traced.Ids.Length; i++)
                {
                    TokenOffset offset = traced.Offsets[i];
                    bool added = offset == default;
                    Assert.True(added ? traced.Ids[i] == tokenizer.ClassifierId || traced.Ids[i] == tokenizer.SeparatorId : offset.Start < offset.End && offset.End <= text.Length, $"{line}: token {i}, {offset}");
                    if (i > 0 && traced.Types[i] == traced.Types[i - 1] && !added)
                        Assert.True(offset.Start >= traced.Offsets[i - 1].Start, $"{line}: token {i}, {offset}");
                }
            }
        }
    }

    private static string Text(JsonElement item, string name) => item.GetProperty(name).GetString()!;

    private static string[] Tokens(JsonElement item) => [.. item.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()!)];
}
