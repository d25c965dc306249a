using System.Globalization;
using System.Text.Json;
using Xunit;

namespace Engine.Runner.Tests;

/// <summary><c>fill-mask</c> and <c>next-sentence</c>, and what other commands make of folders with these heads.</summary>
public sealed class PretrainingCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Masks_of_a_text_are_listed_and_filled()
    {
        CommandRun run = Fill("--top", "3", "the [MASK] is burning near [MASK]");
        Assert.Equal("", run.Error);
        Assert.Equal(0, run.Code);
        string[] lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[][] guesses = [.. lines.Skip(2).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
        Assert.Equal(["1", "1", "1", "2", "2", "2"], guesses.Select(guess => guess[0]));
        Assert.Equal($"the {guesses[0][2]} is burning near {guesses[3][2]}", lines[0]);
        double[] probabilities = [.. guesses.Select(guess => double.Parse(guess[1], CultureInfo.InvariantCulture))];
        Assert.Equal(probabilities[..3].OrderDescending(), probabilities[..3]);
        Assert.All(probabilities, probability => Assert.InRange(probability, 1e-6, 1));

        // A pair: another text, other guesses.
        CommandRun pair = Fill("--top", "3", "the [MASK] is burning near [MASK]", "people help");
        Assert.Equal("people help", pair.Output.Split('\n')[1]);
        Assert.NotEqual(run.Output, pair.Output);
    }

    [Fact]
    public void Texts_of_a_file_have_the_results_of_each_alone()
    {
        string text = _folder.Write("texts.txt", "the [MASK] is burning\r\n\n[MASK] help, \"[MASK]\"\n");
        string csv = _folder.Write("texts.csv", "number,sentence\na,the [MASK] is burning\nb,\"[MASK] help, \"\"[MASK]\"\"\"\n");
        string json = _folder.Write("texts.jsonl", "{\"id\":\"a\",\"text\":\"the [MASK] is burning\"}\n{\"id\":\"b\",\"text\":\"[MASK] help, \\\"[MASK]\\\"\"}\n");
        string fromText = Written(text, "text.csv");
        string fromCsv = Written(csv, "csv.csv", "--text-column", "sentence", "--id-column", "number");
        Assert.Equal(fromCsv, Written(json, "json.csv"));
        Assert.Equal(fromCsv.Replace("\na,", "\n0,", StringComparison.Ordinal).Replace("\nb,", "\n1,", StringComparison.Ordinal), fromText);

        string[] lines = fromText.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("id,mask,rank,token,probability,filled", lines[0]);
        Assert.Equal(1 + 2 + 4, lines.Length);
        Assert.StartsWith("1,2,1,", lines[5], StringComparison.Ordinal);

        string[] objects = Written(json, "guesses.jsonl").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, objects.Length);
        for (int row = 0; row < 2; row++)
        {
            using JsonDocument document = JsonDocument.Parse(objects[row]);
            string id = document.RootElement.GetProperty("id").GetString()!;
            Assert.Equal(row == 0 ? "a" : "b", id);
            int mask = 0;
            foreach (JsonElement candidates in document.RootElement.GetProperty("masks").EnumerateArray())
            {
                mask++;
                int rank = 0;
                foreach (JsonElement candidate in candidates.EnumerateArray())
                {
                    rank++;
                    string field = $"{id},{mask},{rank},{Field(candidate.GetProperty("token").GetString()!)},{candidate.GetProperty("probability").GetRawText()},";
                    Assert.Contains(field, fromCsv, StringComparison.Ordinal);
                }
                Assert.Equal(2, rank);
            }
            Assert.Equal(1 + row, mask);

            // Alone, by the arguments: the first guess of each mask is the filled text's.
            string alone = Fill("--top", "2", row == 0 ? "the [MASK] is burning" : "[MASK] help, \"[MASK]\"").Output;
            Assert.StartsWith(document.RootElement.GetProperty("filled").GetString() + "\n", alone, StringComparison.Ordinal);
        }

        string Written(string input, string name, params string[] more)
        {
            CommandRun run = Fill(["--top", "2", "--input", input, "--out", _folder.File(name), .. more]);
            Assert.Equal("", run.Error);
            Assert.Contains("3 masks of 2 texts written", run.Output, StringComparison.Ordinal);
            return File.ReadAllText(_folder.File(name));
        }

        static string Field(string token) => token is "," or "\"" ? $"\"{token.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : token;
    }

    [Fact]
    public void Pairs_of_a_file_have_the_probability_of_each_alone()
    {
        string input = _folder.Write("pairs.csv", "id,text,pair\nx,the house is burning,people help\ny,fire,flood\n");
        string output = _folder.File("deep/probabilities.csv");
        CommandRun run = Follows("--input", input, "--out", output);
        Assert.Equal("", run.Error);
        Assert.Contains("2 probabilities written", run.Output, StringComparison.Ordinal);
        string[] lines = File.ReadAllLines(output);
        Assert.Equal("id,probability", lines[0]);
        double probability = double.Parse(lines[1].Split(',')[1], CultureInfo.InvariantCulture);
        Assert.StartsWith("x,", lines[1], StringComparison.Ordinal);
        Assert.InRange(probability, 0, 1);
        CommandRun alone = Follows("the house is burning", "people help");
        Assert.Equal($"{probability.ToString("G4", CultureInfo.InvariantCulture)} is the probability that the second text follows the first.\n", alone.Output);

        string json = _folder.Write("pairs.jsonl", "{\"id\":\"x\",\"a\":\"the house is burning\",\"b\":\"people help\"}\n");
        Assert.Equal(0, Follows("--input", json, "--text-column", "a", "--pair-column", "b", "--out", _folder.File("p.jsonl")).Code);
        Assert.Equal($"{{\"id\":\"x\",\"probability\":{lines[1].Split(',')[1]}}}\n", File.ReadAllText(_folder.File("p.jsonl")));
        Assert.Contains("y", Follows("--input", input).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_mask_is_one_token_for_every_tokenizer()
    {
        // The fixture's vocabulary and plain ASCII: the three tokenizers agree but for the mask, which two of them would split.
        // The fixture itself has Hugging Face's.
        string expected = Fill("the [MASK] is burning").Output;
        foreach (string tokenizer in new[] { "google", "tftext" })
        {
            string folder = _folder.CopyModel(tokenizer);
            File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), $"{{\"do_lower_case\": true, \"engine_tokenizer\": \"{tokenizer}\"}}");
            Assert.Equal(expected, CommandRun.Of("fill-mask", "--model", folder, "--device", "cpu", "the [MASK] is burning").Output);
        }
    }

    [Fact]
    public void Converted_checkpoints_keep_the_heads_that_they_carried()
    {
        // One model in four layouts: BERT's authors' has both heads, hub encoders and training checkpoints have one or none.
        string[] folders = [.. new[] { "tf1", "hub-v4", "garden", "hub-v4-no-mlm" }.Select(Convert)];
        string guesses = Guess(folders[0]).Output;
        Assert.Contains(" is burning", guesses, StringComparison.Ordinal);
        Assert.Equal([guesses, guesses], folders[1..3].Select(folder => Guess(folder).Output));
        Guess(folders[3]).AssertBadInput("without heads of the pre-training tasks");
        CommandRun next = CommandRun.Of("next-sentence", "--model", folders[0], "--device", "cpu", "the house", "is burning");
        Assert.Equal(0, next.Code);
        CommandRun.Of("next-sentence", "--model", folders[1], "--device", "cpu", "the house", "is burning")
            .AssertBadInput("holds an encoder with a masked-language-model head", "a next-sentence head (cls.seq_relationship.*) was expected");

        static CommandRun Guess(string folder) => CommandRun.Of("fill-mask", "--model", folder, "--device", "cpu", "the [MASK] is burning");

        string Convert(string layout)
        {
            string folder = _folder.File(layout);
            Assert.Equal(0, CommandRun.Of("convert", Path.Combine(Repository.Root, "tests", "fixtures", "checkpoints", layout), "--out", folder).Code);
            return folder;
        }
    }

    [Fact]
    public void Long_texts_are_cut_with_a_note()
    {
        CommandRun run = Fill("--max-length", "6", "[MASK] a b c d e f g h");
        Assert.Equal(0, run.Code);
        Assert.Contains("1 of 1 texts were longer than 6 tokens and were cut", run.Output, StringComparison.Ordinal);

        // The model has 64 positions, whatever the option allows.
        string longText = "[MASK] " + string.Join(' ', Enumerable.Repeat("a", 100));
        Assert.Contains("longer than 64 tokens", Fill(longText).Output, StringComparison.Ordinal);
        Assert.Contains("1 of 1 pairs were longer than 64 tokens", Follows(longText, "b").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_input_is_one_line_and_touches_nothing()
    {
        string texts = _folder.Write("texts.csv", "text\n[MASK]\nnothing here\n");
        string pairs = _folder.Write("pairs.csv", "text,second\na,b\n");
        string before = _folder.Fingerprint();
        string output = _folder.File("out.csv");
        Fill("the house is burning").AssertBadInput("\"the house is burning\" has no [MASK]", "write [MASK]");
        Fill("--input", texts, "--out", output).AssertBadInput("texts.csv, line 3: \"nothing here\" has no [MASK]");
        Fill(string.Join(' ', Enumerable.Repeat("a", 100)) + " [MASK]").AssertBadInput("1 would be cut away", "103 tokens, and at most 64");
        Fill().AssertBadInput("fill-mask: a text or --input FILE was expected");
        Fill("[MASK]", "--input", texts).AssertBadInput("leave the other out");
        Fill("[MASK]", "--top", "257").AssertBadInput("257 candidates", "at most 256");
        Fill("[MASK]", "--top", "0").AssertBadInput("--top 0");
        Fill("[MASK]", "--out", texts).AssertBadInput("exists", "--overwrite");
        Fill("--input", _folder.File("absent.txt")).AssertBadInput("absent.txt does not exist");
        Follows("only one").AssertBadInput("next-sentence: two texts or --input FILE was expected");
        Follows("--input", pairs).AssertBadInput("has no column \"pair\"", "--pair-column");
        CommandRun.Of("fill-mask", "--model", Repository.Weights, "[MASK]")
            .AssertBadInput("without heads of the pre-training tasks", "a masked-language-model head (cls.predictions.*) was expected", "engine convert");
        CommandRun.Of("next-sentence", "--model", Repository.Weights, "a", "b").AssertBadInput("a next-sentence head (cls.seq_relationship.*) was expected", "engine convert");
        Assert.Equal(before, _folder.Fingerprint());
    }

    [Fact]
    public void Info_says_which_heads_a_folder_holds()
    {
        Assert.Contains(
            "tasks       masked language model (engine fill-mask), next sentence (engine next-sentence)\n", CommandRun.Of("info", Repository.SmallModel).Output, StringComparison.Ordinal);
        Assert.Contains("tasks       none", CommandRun.Of("info", Repository.Weights).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Help_has_examples()
    {
        foreach (string command in new[] { "fill-mask", "next-sentence" })
        {
            CommandRun help = CommandRun.Of(command, "--help");
            Assert.Equal(0, help.Code);
            Assert.Contains($"engine {command} --model", help.Output, StringComparison.Ordinal);
            Assert.Contains("--input", help.Output, StringComparison.Ordinal);
        }
    }

    private static CommandRun Fill(params string[] arguments) => CommandRun.Of(["fill-mask", "--model", Repository.SmallModel, "--device", "cpu", "--threads", "2", .. arguments]);

    private static CommandRun Follows(params string[] arguments) => CommandRun.Of(["next-sentence", "--model", Repository.SmallModel, "--device", "cpu", "--threads", "2", .. arguments]);
}
