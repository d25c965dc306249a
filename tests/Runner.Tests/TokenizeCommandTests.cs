using System.Text.Json;
using Xunit;

namespace Engine.Runner.Tests;

public sealed class TokenizeCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Lines_from_standard_input_become_json_lines()
    {
        CommandRun run = CommandRun.Of("Forest fire near La Ronge Sask. Canada\r\n\n{ \"no\" json"u8.ToArray(), default, "tokenize", "--input", "-", "--model", Repository.Weights);
        Assert.Equal(0, run.Code);
        string[] lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        // Ids as Hugging Face's tokenizers give them.
        Assert.Equal(
            "{\"ids\":[101,3224,2543,2379,2474,6902,3351,21871,2243,1012,2710,102],\"types\":[0,0,0,0,0,0,0,0,0,0,0,0],"
            + "\"tokens\":[\"[CLS]\",\"forest\",\"fire\",\"near\",\"la\",\"ron\",\"##ge\",\"sas\",\"##k\",\".\",\"canada\",\"[SEP]\"]}", lines[0]);
        Assert.Equal("{\"ids\":[101,102],\"types\":[0,0],\"tokens\":[\"[CLS]\",\"[SEP]\"]}", lines[1]);
    }

    [Fact]
    public void Json_lines_agree_with_the_reference()
    {
        string[] reference = [.. File.ReadLines(Path.Combine(Repository.Root, "tests", "fixtures", "tokenizer", "cases.jsonl")).Take(200)];
        string input = _folder.Write("cases.jsonl", string.Join('\n', reference.Select(line =>
            JsonSerializer.Serialize(new { text = JsonDocument.Parse(line).RootElement.GetProperty("text").GetString() }))));
        string output = _folder.File("deep/ids.jsonl");
        CommandRun run = CommandRun.Of("tokenize", "--input", input, "--out", output, "--model", Repository.Weights);
        Assert.Equal(0, run.Code);
        string[] lines = File.ReadAllLines(output);
        Assert.Equal(reference.Length, lines.Length);
        for (int i = 0; i < lines.Length; i++)
            Assert.Equal([101, .. Ids(reference[i], "huggingface"), 102], Ids(lines[i], "ids"));

        static int[] Ids(string line, string name) => [.. JsonDocument.Parse(line).RootElement.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];
    }

    [Fact]
    public void Each_convention_has_its_tokens_and_the_model_names_its_own()
    {
        const string text = "{\"text\": \"Stra\u00DFe \\ufb01 \u03A3\u0391\u03A3[MASK]\"}\n";
        string input = _folder.Write("text.jsonl", text);
        string huggingFace = Tokens("--model", Repository.Weights), google = Tokens("--tokenizer", "google"), tensorFlow = Tokens("--tokenizer", "tftext");
        Assert.Equal("st ##ra\u00DFe \uFB01 \u03C3 ##\u03B1 ##\u03C3 [MASK]", huggingFace);
        Assert.Contains("##\u03C2 [ mask ]", google, StringComparison.Ordinal);
        Assert.StartsWith("st ##ras ##se fi ", tensorFlow, StringComparison.Ordinal);
        Assert.Contains("##\u03C3 [ mask ]", tensorFlow, StringComparison.Ordinal);
        Assert.Equal(huggingFace, Tokens("--tokenizer", "huggingface"));

        File.Copy(Path.Combine(Repository.Weights, "vocab.txt"), _folder.File("vocab.txt"));
        _folder.Write("tokenizer_config.json", "{ \"engine_tokenizer\": \"tftext\" }");
        Assert.Equal(tensorFlow, Tokens("--model", _folder.Path));
        Assert.Equal(google, Tokens("--model", _folder.Path, "--tokenizer", "google"));

        string Tokens(params string[] more)
        {
            CommandRun run = CommandRun.Of(["tokenize", "--input", input, .. more]);
            Assert.Equal(0, run.Code);
            return string.Join(' ', JsonDocument.Parse(run.Output).RootElement.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()).ToArray()[1..^1]);
        }
    }

    [Fact]
    public void Offsets_show_where_tokens_come_from()
    {
        CommandRun run = CommandRun.Of("Caf\u00E9s \U0001F600"u8.ToArray(), default, "tokenize", "--input", "-", "--model", Repository.Weights, "--offsets");
        Assert.Equal(0, run.Code);
        Assert.EndsWith("\"tokens\":[\"[CLS]\",\"cafes\",\"[UNK]\",\"[SEP]\"],\"offsets\":[[0,0],[0,5],[6,8],[0,0]]}", run.Output.TrimEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_input_is_one_line_and_touches_nothing()
    {
        string good = _folder.Write("good.txt", "hello\n");
        string latin1 = _folder.Write("latin1.txt", [.. "good\nd"u8, 0xE9, .. "j\n"u8]);
        string json = _folder.Write("bad.jsonl", "{\"text\": \"x\"}\n{\"txt\": 1}\n");
        string surrogate = _folder.Write("surrogate.jsonl", "{\"text\": \"x\"}\n{\"text\": \"a\\ud83db\"}\n");
        string empty = _folder.Write("empty.txt", "");
        string before = _folder.Fingerprint();
        string output = _folder.File("out.jsonl");
        Run(good, "--model", _folder.Path).AssertBadInput("vocab.txt");
        Run(good, "--model", _folder.File("absent")).AssertBadInput("absent");
        Run(_folder.File("absent.txt")).AssertBadInput("absent.txt does not exist");
        Run(latin1).AssertBadInput("line 2: the bytes 0xE9 are not UTF-8");
        Run(json).AssertBadInput("bad.jsonl, line 2");
        Run(surrogate).AssertBadInput("surrogate.jsonl, line 2", "surrogate pair");
        Run(good, "--tokenizer", "bert").AssertBadInput("--tokenizer bert: one of auto, huggingface, google, tftext was expected");
        Run(empty).AssertBadInput("is empty");
        Run(good, "--max-length", "2").AssertBadInput("--max-length 2");
        Run(good, "--length", "x").AssertBadInput("--length x: a whole number of at least 0 was expected");
        CommandRun.Of("tokenize", "--input", good, "--out", good).AssertBadInput("exists", "--overwrite");
        CommandRun.Of("tokenize", "--input", good, "--out", Path.Combine(good, "out")).AssertBadInput("is a file, and a folder was expected");
        CommandRun.Of("tokenize", "--input", good, "--out", "/proc/engine/out.jsonl").AssertBadInput("/proc");
        CommandRun.Of("tokenize").AssertBadInput("--input");
        CommandRun.Of("tokenise").AssertBadInput("tokenise", "engine --help");
        Assert.Equal(before, _folder.Fingerprint());

        CommandRun Run(string input, params string[] more) => CommandRun.Of(["tokenize", "--input", input, "--out", output, .. more]);
    }

    [Fact]
    public void Help_lists_options_and_examples()
    {
        CommandRun root = CommandRun.Of("--help");
        Assert.Equal(0, root.Code);
        Assert.Contains("Examples:", root.Output, StringComparison.Ordinal);
        Assert.Equal(root.Output, CommandRun.Of().Output);
        CommandRun help = CommandRun.Of("tokenize", "--help");
        Assert.Equal(0, help.Code);
        Assert.Contains("--max-length", help.Output, StringComparison.Ordinal);
        Assert.Contains("Examples:", help.Output, StringComparison.Ordinal);
        Assert.Empty(help.Error);
    }

    [Fact]
    public void Devices_lists_the_cpu()
    {
        CommandRun run = CommandRun.Of("devices");
        Assert.Equal(0, run.Code);
        Assert.Contains("ilgpu-cpu", run.Output, StringComparison.Ordinal);
        Assert.Contains("vector CPU", run.Output, StringComparison.Ordinal);
    }
}
