using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Engine.Tokenizer.Tests;

/// <summary>Against ids that Hugging Face's tokenizers 0.23, Google's FullTokenizer and TensorFlow Text's BertTokenizer computed.</summary>
public class FixtureTests
{
    [Theory]
    [InlineData("cases.jsonl", true, "huggingface", 1593)]
    [InlineData("cases.jsonl", true, "google", 1593)]
    [InlineData("cases.jsonl", true, "tftext", 1593)]
    [InlineData("cases-cased.jsonl", false, "huggingface", 393)]
    [InlineData("cases-cased.jsonl", false, "google", 393)]
    [InlineData("cases-cased.jsonl", false, "tftext", 393)]
    public void EveryCaseHasTheIdsOfTheTokenizerThatIsFollowed(string file, bool lowercase, string convention, int atLeast)
    {
        WordPieceTokenizer tokenizer = Repository.Tokenizer(convention, lowercase);
        var failures = new List<string>();
        int count = 0;
        foreach (string line in File.ReadLines(Repository.Fixture(file)))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            string text = document.RootElement.GetProperty("text").GetString()!;
            int[] expected = Numbers(document.RootElement.GetProperty(convention));
            var actual = new List<int>();
            tokenizer.Encode(text, actual);
            if (!expected.AsSpan().SequenceEqual(actual.ToArray()))
                failures.Add($"line {count + 1}: {line[..Math.Min(200, line.Length)]}: expected {string.Join(' ', tokenizer.TokensOf(expected))}, got {string.Join(' ', tokenizer.TokensOf(actual.ToArray()))}");
            count++;
        }
        Assert.True(failures.Count == 0, $"{failures.Count} of {count}\n{string.Join('\n', failures.Take(20))}");
        Assert.True(count >= atLeast, $"{file} has {count} cases; expected at least {atLeast}.");
    }

    [Theory]
    [InlineData("huggingface")]
    [InlineData("tftext")]
    public void EveryPairHasTheIdsAndTypesOfTheTokenizerThatIsFollowed(string convention)
    {
        WordPieceTokenizer tokenizer = Repository.Tokenizer(convention, lowercase: true);
        int count = 0, cut = 0;
        foreach (string line in File.ReadLines(Repository.Fixture("pairs.jsonl")))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            JsonElement expected = root.GetProperty(convention);
            string first = root.GetProperty("first").GetString()!, second = root.GetProperty("second").GetString()!;
            int maxLength = root.GetProperty("max_length").GetInt32();
            TokenEncoding encoding = tokenizer.Encode(first, second, maxLength);
            Assert.Equal(Numbers(expected.GetProperty("ids")), encoding.Ids);
            Assert.Equal(Numbers(expected.GetProperty("types")), encoding.Types);
            int whole = tokenizer.Encode(first, second, 100_000).Ids.Length;
            Assert.Equal(whole - encoding.Ids.Length, encoding.CutTokens);
            TokenizedTexts batch = tokenizer.EncodeAll([first, second], [second, first], maxLength);
            Assert.Equal(encoding.Ids, batch.IdsOf(0));
            Assert.Equal(encoding.Types, batch.TypesOf(0));
            cut += encoding.CutTokens > 0 ? 1 : 0;
            count++;
        }
        Assert.Equal(200, count);
        Assert.InRange(cut, 50, 199);
    }

    [SkippableFact]
    public void EveryTweetHasHuggingFacesIds()
    {
        string reference = Path.Combine(Repository.SharedFolder, "fixtures", "tokenizer", "tweets.ids.gz");
        string data = Path.Combine(Repository.SharedFolder, "data", "disaster-tweets", "train.csv");
        Skip.IfNot(File.Exists(reference) && File.Exists(data), $"{Repository.SharedFolder} has no tweets: the folder 'shared' with the Disaster Tweets is not beside the repository.");
        List<string> tweets = TextColumn(File.ReadAllText(data, Encoding.UTF8).TrimEnd('\n') + "\n", "text");
        using var stream = new StreamReader(new GZipStream(File.OpenRead(reference), CompressionMode.Decompress));
        string[] expected = stream.ReadToEnd().TrimEnd('\n').Split('\n');
        Assert.Equal(expected.Length, tweets.Count);
        TokenizedTexts batch = Repository.Uncased.EncodeAll(tweets, maxLength: 160);
        for (int i = 0; i < tweets.Count; i++)
            Assert.Equal(expected[i], string.Join(' ', batch.IdsOf(i).ToArray().Select(id => id.ToString(CultureInfo.InvariantCulture))));
    }

    private static int[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(number => number.GetInt32())];

    // A column of a CSV with quoted fields that may hold line breaks.
    private static List<string> TextColumn(string csv, string name)
    {
        var rows = new List<List<string>>();
        var row = new List<string>();
        var field = new StringBuilder();
        bool quoted = false;
        for (int i = 0; i < csv.Length; i++)
        {
            char c = csv[i];
            if (quoted && c == '"' && i + 1 < csv.Length && csv[i + 1] == '"')
                field.Append(csv[++i]);
            else if (c == '"')
                quoted = !quoted;
            else if (!quoted && c is ',' or '\n')
            {
                row.Add(field.ToString().TrimEnd('\r'));
                field.Clear();
                if (c == '\n')
                {
                    rows.Add(row);
                    row = [];
                }
            }
            else
                field.Append(c);
        }
        int column = rows[0].IndexOf(name);
        return [.. rows.Skip(1).Select(r => r[column])];
    }
}
