using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Engine.Tokenizer.Tests;

public class PropertyTests
{
    private static readonly Lazy<string[]> Cases = new(() =>
        [.. File.ReadLines(Repository.Fixture("cases.jsonl")).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("text").GetString()!)]);

    private static readonly WordPieceTokenizer[] AllTokenizers =
        [.. TokenizerConventionNames.All.SelectMany(convention => (WordPieceTokenizer[])[Repository.Tokenizer(convention, lowercase: true), Repository.Tokenizer(convention, lowercase: false)])];

    [Fact]
    public void AsciiIsTokenizedAsThePlainDefinitionSays()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            // Few letters and many short tokens, so that words fall into pieces, fail half-way and reach the limit of characters.
            string letters = "abAB0"[..random.Next(2, 6)];
            var tokens = new List<string> { "[UNK]", "[CLS]", "[SEP]", "[PAD]", ".", "#" };
            for (int i = random.Next(5, 60); i > 0; i--)
            {
                string token = (random.Next(2) == 0 ? "##" : "") + RandomText(random, letters, random.Next(1, 6));
                if (!tokens.Contains(token))
                    tokens.Add(token);
            }
            int maxCharacters = random.Next(1, 30);
            bool lowercase = random.Next(2) == 0;
            var naive = new NaiveTokenizer(tokens, lowercase, maxCharacters);
            var tokenizer = new WordPieceTokenizer(new Vocabulary(tokens), new TokenizerOptions { Lowercase = lowercase, MaxInputCharactersPerWord = maxCharacters });
            for (int i = 0; i < 40; i++)
            {
                string text = RandomText(random, string.Concat(Enumerable.Repeat(letters, 6)) + " .#!\t\u0007\u007F\n", random.Next(0, 80));
                var ids = new List<int>();
                tokenizer.Encode(text, ids);
                Assert.True(naive.Encode(text).SequenceEqual(ids), $"seed {seed}, text {JsonSerializer.Serialize(text)}");

                // A soft hyphen is removed without a trace, but takes the word off the path for ASCII.
                ids.Clear();
                tokenizer.Encode(WithSoftHyphens(text, random), ids);
                Assert.True(naive.Encode(text).SequenceEqual(ids), $"seed {seed}, soft hyphens, text {JsonSerializer.Serialize(text)}");
            }
        }
    }

    [Fact]
    public void AnyUtf16GivesIdsOfTheVocabularyWhateverTheDestination()
    {
        var random = new Random(1);
        for (int i = 0; i < 3000; i++)
        {
            char[] text = new char[random.Next(0, 60)];
            for (int j = 0; j < text.Length; j++)
                text[j] = (char)(random.Next(3) == 0 ? random.Next(0x10000) : random.Next(3) == 0 ? random.Next(0xD800, 0xE000) : random.Next(0x20, 0x250));
            foreach (WordPieceTokenizer tokenizer in AllTokenizers)
            {
                var list = new List<int> { -1 };
                int count = tokenizer.Encode(text, list);
                Assert.Equal(list.Count - 1, count);
                Assert.All(list.Skip(1), id => Assert.InRange(id, 0, tokenizer.Vocabulary.Count - 1));
                var writer = new ArrayBufferWriter<int>();
                Assert.Equal(count, tokenizer.Encode(text, writer));
                Assert.True(writer.WrittenSpan.SequenceEqual(list.ToArray().AsSpan(1)));
                int[] part = new int[count / 2];
                Assert.Equal(count, tokenizer.Encode(text, part.AsSpan()));
                Assert.Equal(list.Skip(1).Take(part.Length), part);
                int[] ids = tokenizer.Encode(new string(text), maxLength: 100_000).Ids;
                Assert.Equal([tokenizer.ClassifierId, .. list.Skip(1), tokenizer.SeparatorId], ids);
            }
        }
    }

    [Theory]
    [InlineData(false, 3)]
    [InlineData(false, 17)]
    [InlineData(true, 3)]
    [InlineData(true, 20)]
    public void ABatchIsItsSequencesOneAfterTheOther(bool paired, int maxLength)
    {
        string[] texts = Cases.Value;
        string[]? pairs = paired ? [.. texts.Reverse()] : null;
        TokenizedTexts batch = Repository.Uncased.EncodeAll(texts, pairs, maxLength);
        Assert.Equal(texts.Length, batch.Count);
        Assert.Equal(0, batch.SequenceOffsets[0]);
        Assert.Equal(batch.Ids.Length, batch.SequenceOffsets[^1]);
        Assert.Equal(batch.Ids.Length, batch.Types.Length);
        int cutTexts = 0;
        long cutTokens = 0;
        for (int i = 0; i < texts.Length; i++)
        {
            TokenEncoding single = Repository.Uncased.Encode(texts[i], pairs?[i], maxLength);
            Assert.Equal(single.Ids, batch.IdsOf(i));
            Assert.Equal(single.Types, batch.TypesOf(i));
            Assert.InRange(batch.Length(i), paired ? 3 : 2, maxLength);
            cutTexts += single.CutTokens > 0 ? 1 : 0;
            cutTokens += single.CutTokens;
        }
        Assert.Equal(cutTexts, batch.CutTexts);
        Assert.Equal(cutTokens, batch.CutTokens);
        Assert.True(cutTexts > 0);
    }

    [Fact]
    public void ThreadsShareATokenizer()
    {
        int[][] expected = [.. Cases.Value.Select(text => Repository.Uncased.Encode(text).Ids)];
        Parallel.For(0, 4 * expected.Length, i => Assert.Equal(expected[i % expected.Length], Repository.Uncased.Encode(Cases.Value[i % expected.Length]).Ids));
    }

    [Theory]
    [InlineData("Forest fire near La Ronge Sask. Canada; unaffable #wildfires, 13,000 people receive evacuation orders in California ")]
    [InlineData("Caf\u00E9 na\u00EFve \u4F60\u597D \uD55C\uAD6D\uC5B4 \uD83D\uDE00 Ti\u1EBFng Vi\u1EC7t \u2018quoted\u2019 [MASK] ")]
    public void NothingIsAllocatedPerToken(string sentence)
    {
        string text = string.Concat(Enumerable.Repeat(sentence, 100));
        int[] destination = new int[10_000];
        foreach (WordPieceTokenizer tokenizer in AllTokenizers)
        {
            for (int i = 0; i < 50; i++)
                tokenizer.Encode(text, destination.AsSpan());
            long before = GC.GetAllocatedBytesForCurrentThread();
            int tokens = 0;
            for (int i = 0; i < 20; i++)
                tokens += tokenizer.Encode(text, destination.AsSpan());
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.InRange(tokens, 20_000, 20 * destination.Length);
            // Buffers come from a pool; where it happens to trim one, a few of them are made anew: far less than a byte per token.
            Assert.InRange(allocated, 0, tokens / 2);
        }
    }

    [Theory]
    [InlineData("a")]
    [InlineData("e\u0301")]
    [InlineData("\u302E")]
    [InlineData("\u0301")]
    [InlineData("\u4E2D")]
    [InlineData("\uAC01")]
    [InlineData("[")]
    [InlineData("[MASK")]
    [InlineData("a\u00AD")]
    [InlineData("\\uD83D")]
    [InlineData("\u03A3")]
    [InlineData("\u03A3'")]
    [InlineData("A\u0301\u0007\u03A3")]
    public void HostileRepetitionTakesLinearTime(string unit)
    {
        // A second where time is linear; minutes at this length where it is quadratic.
        var text = new StringBuilder().Insert(0, Regex.Unescape(unit), 1_000_000 / unit.Length).ToString();
        var watch = System.Diagnostics.Stopwatch.StartNew();
        foreach (string convention in TokenizerConventionNames.All)
        {
            WordPieceTokenizer tokenizer = Repository.Tokenizer(convention, lowercase: true);
            TokenEncoding plain = tokenizer.Encode(text, maxLength: TokenizerOptions.Unlimited);
            Assert.Equal(plain.Ids, tokenizer.EncodeWithOffsets(text, maxLength: TokenizerOptions.Unlimited).Ids);
        }
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 20);
    }

    [SkippableTheory]
    [Trait("Category", "Full")]
    [InlineData("Forest fire near La Ronge caf\u00E9 \u4F60\u597D #wildfires ")]
    [InlineData("a")]
    [InlineData("e\u0301\u03A3")]
    public void AHundredMegabytesInOneLineTakeSecondsAndMemoryInProportion(string unit)
    {
        Skip.IfNot(Environment.GetEnvironmentVariable("ENGINE_FULL_TESTS") == "1", "A hundred megabytes take half a minute; set ENGINE_FULL_TESTS=1 to run it.");
        string text = new StringBuilder().Insert(0, unit, 100_000_000 / Encoding.UTF8.GetByteCount(unit)).ToString();
        foreach (string convention in TokenizerConventionNames.All)
        {
            WordPieceTokenizer tokenizer = Repository.Tokenizer(convention, lowercase: true);
            long before = GC.GetAllocatedBytesForCurrentThread();
            var watch = System.Diagnostics.Stopwatch.StartNew();
            TokenEncoding encoding = tokenizer.Encode(text, maxLength: TokenizerOptions.Unlimited);
            // Ids and types, four bytes each, and a buffer of ids that doubles: at most four times the ids once more.
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 24L * encoding.Ids.Length + 1_000_000);
            TokenEncoding traced = tokenizer.EncodeWithOffsets(text, maxLength: 512);
            Assert.Equal(encoding.Ids.Length, traced.Ids.Length + traced.CutTokens);
            Assert.InRange(watch.Elapsed.TotalSeconds, 0, 120);
        }
    }

    private static string WithSoftHyphens(string text, Random random)
    {
        var result = new StringBuilder();
        foreach (char c in text)
        {
            if (random.Next(4) == 0)
                result.Append('\u00AD');
            result.Append(c);
        }
        return result.ToString();
    }

    private static string RandomText(Random random, string alphabet, int length) => string.Concat(Enumerable.Range(0, length).Select(_ => alphabet[random.Next(alphabet.Length)]));
}
