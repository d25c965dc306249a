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
    public void Bad_input_is_one_line_and_touches_nothing()
    {
        string good = _folder.Write("good.txt", "hello\n");
        string latin1 = _folder.Write("latin1.txt", [.. "good\nd"u8, 0xE9, .. "j\n"u8]);
        string json = _folder.Write("bad.jsonl", "{\"text\": \"x\"}\n{\"txt\": 1}\n");
        string empty = _folder.Write("empty.txt", "");
        string before = _folder.Fingerprint();
        string output = _folder.File("out.jsonl");
        Run(good, "--model", _folder.Path).AssertBadInput("vocab.txt");
        Run(good, "--model", _folder.File("absent")).AssertBadInput("absent");
        Run(_folder.File("absent.txt")).AssertBadInput("absent.txt does not exist");
        Run(latin1).AssertBadInput("line 2: the bytes 0xE9 are not UTF-8");
        Run(json).AssertBadInput("bad.jsonl, line 2");
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
