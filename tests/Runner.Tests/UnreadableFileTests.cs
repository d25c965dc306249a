using Xunit;

namespace Engine.Runner.Tests;

/// <summary>
/// Files that are there and cannot be read: one line, exit code 2, nothing touched on the disk. They are held by another reader, which keeps out root as well; permissions do not.
/// </summary>
public sealed class UnreadableFileTests : IDisposable
{
    private const string Advice = "check the path and the permissions";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("config.json", "config.json: cannot be read (", Advice)]
    [InlineData("model.safetensors", "model.safetensors: cannot be read (", Advice)]
    [InlineData("vocab.txt", "vocab.txt: cannot be read (", Advice)]
    [InlineData("tokenizer_config.json", "tokenizer_config.json: cannot be read (", Advice)]
    public void Files_of_a_model(string file, params string[] expected)
    {
        string model = _folder.CopyModel(), texts = _folder.Write("texts.csv", SmallTask.Csv(20));
        File.WriteAllText(Path.Combine(model, "tokenizer_config.json"), "{}");
        _folder.AssertUntouched(() => Holding(Path.Combine(model, file), () =>
        {
            CommandRun.Of("info", model).AssertBadInput(expected);
            CommandRun.Of("embed", "--model", model, "--input", texts, "--out", _folder.File("out"), "--device", "cpu").AssertBadInput(expected);
            CommandRun.Of("train", "--model", model, "--train", texts, "--out", _folder.File("out"), "--device", "cpu").AssertBadInput(expected);
            CommandRun.Of("convert", model, "--out", _folder.File("out")).AssertBadInput(expected);
        }));
    }

    [Fact]
    public void Tables()
    {
        string table = _folder.Write("table.csv", SmallTask.Csv(20));
        _folder.AssertUntouched(() => Holding(table, () =>
        {
            foreach (string[] arguments in new string[][]
            {
                ["train", "--train", table, "--out", _folder.File("out")], ["embed", "--input", table, "--out", _folder.File("out")],
                ["fill-mask", "--input", table], ["next-sentence", "--input", table], ["tokenize", "--input", table],
            })
                CommandRun.Of([.. arguments, "--model", Repository.SmallModel]).AssertBadInput("table.csv cannot be read (", "check its permissions and size");
        }));
    }

    [Theory]
    [InlineData("hub-v4", "saved_model.pb")]
    [InlineData("hub-v4", "keras_metadata.pb")]
    [InlineData("hub-v4", "variables/variables.index")]
    [InlineData("hub-v4", "variables/variables.data-00000-of-00001")]
    [InlineData("hub-v4", "assets/vocab.txt")]
    [InlineData("hub-tf1", "tfhub_module.pb")]
    [InlineData("tf1", "bert_config.json")]
    public void Files_of_a_checkpoint(string layout, string file)
    {
        string folder = _folder.Copy(Path.Combine(Repository.Root, "tests", "fixtures", "checkpoints", layout), layout);
        string path = Path.Combine([folder, .. file.Split('/')]);
        _folder.AssertUntouched(() => Holding(path, () => CommandRun.Of("convert", folder, "--out", _folder.File("out"), "--heads", "4").AssertBadInput(path, "cannot be read (", Advice)));
    }

    [Fact]
    public void Archives_and_records()
    {
        string archive = _folder.Write("model.zip", [(byte)'P', (byte)'K', 3, 4]), model = _folder.File("model");
        Assert.Equal(0, CommandRun.Of("convert", Path.Combine(Repository.Root, "tests", "fixtures", "checkpoints", "hub-v4"), "--out", model).Code);
        string record = Path.Combine(model, "conversion.json"), weights = Path.Combine(model, "model.safetensors");
        _folder.AssertUntouched(() =>
        {
            Holding(archive, () => CommandRun.Of("convert", archive, "--out", _folder.File("out")).AssertBadInput("model.zip: cannot be read (", Advice));
            Holding(record, () => CommandRun.Of("info", "--check", model).AssertBadInput("conversion.json: cannot be read (", Advice));
            Holding(weights, () => CommandRun.Of("info", "--check", model).AssertBadInput("model.safetensors: cannot be read (", Advice));
        });
    }

    private static void Holding(string file, Action action)
    {
        using FileStream held = new(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        action();
    }
}
