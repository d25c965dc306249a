using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json;
using Xunit;

namespace Engine.Runner.Tests;

/// <summary>The commands of docs/from-the-keras-script.md, as they stand there, on a small export of TF-Hub's and a small task.</summary>
public sealed class KerasScriptTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_page_s_commands_convert_train_and_predict()
    {
        Dictionary<string, string> files = new()
        {
            ["bert_en_uncased_L-12_H-768_A-12_4.tar.gz"] = Archive("hub-v4-no-mlm"),
            ["models/bert"] = _folder.File("models/bert"),
            ["train.csv"] = _folder.Write("train.csv", SmallTask.Csv(41)),
            ["runs/disaster"] = _folder.File("runs/disaster"),
            ["test.csv"] = _folder.Write("test.csv", SmallTask.Csv(13, offset: 500)),
            ["predictions.csv"] = _folder.File("predictions.csv"),
        };
        string[][] commands = Commands("docs/from-the-keras-script.md");
        Assert.Equal(["convert", "train", "predict"], commands.Select(command => command[0]));
        foreach (string[] command in commands)
        {
            string[] device = command[0] == "convert" ? [] : ["--device", "cpu"];
            CommandRun run = CommandRun.Of([.. command.Select(word => files.GetValueOrDefault(word, word)), .. device]);
            Assert.Equal((0, ""), (run.Code, run.Error));
        }

        JsonElement tokenizer = Json("models/bert/tokenizer_config.json"), log = Json("runs/disaster/training.json");
        Assert.Equal("google", tokenizer.GetProperty("engine_tokenizer").GetString());
        Assert.True(tokenizer.GetProperty("do_lower_case").GetBoolean());
        Assert.Equal("google", Json("runs/disaster/tokenizer_config.json").GetProperty("engine_tokenizer").GetString());
        Assert.Equal("gelu_pytorch_tanh", Json("runs/disaster/config.json").GetProperty("hidden_act").GetString());
        Assert.Equal("ClsSigmoid", log.GetProperty("head").GetString());
        Assert.Equal("KerasAdam", log.GetProperty("optimizer").GetString());
        Assert.Equal("Constant", log.GetProperty("schedule").GetString());
        Assert.Equal((160, 3, 16), (log.GetProperty("max_length").GetInt32(), log.GetProperty("epochs").GetInt32(), log.GetProperty("batch_size").GetInt32()));
        Assert.Equal((32, 9), (log.GetProperty("training_rows").GetInt32(), log.GetProperty("validation_rows").GetInt32()));
        Assert.Equal(0.1, log.GetProperty("hidden_dropout").GetDouble());
        Assert.Equal(3, log.GetProperty("kept_epoch").GetInt32());
        Assert.All(log.GetProperty("history").EnumerateArray(), epoch => Assert.Equal(2e-6, epoch.GetProperty("learning_rate").GetDouble()));
        string[] predictions = File.ReadAllLines(files["predictions.csv"]);
        Assert.Equal("id,label,probability", predictions[0]);
        Assert.Equal(14, predictions.Length);
    }

    /// <summary>An export as it is downloaded.</summary>
    private string Archive(string layout)
    {
        string path = _folder.File("hub.tar.gz");
        using GZipStream stream = new(File.Create(path), CompressionLevel.Fastest);
        TarFile.CreateFromDirectory(Path.Combine(Repository.Root, "tests", "fixtures", "checkpoints", layout), stream, includeBaseDirectory: false);
        return path;
    }

    private JsonElement Json(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(_folder.File(path)));
        return document.RootElement.Clone();
    }

    /// <summary>The words after "engine" of every command in a page's shell blocks.</summary>
    private static string[][] Commands(string page)
    {
        string[] blocks = File.ReadAllText(Path.Combine(Repository.Root, page)).Split("```");
        return [.. blocks.Where(block => block.StartsWith("sh\n", StringComparison.Ordinal))
            .SelectMany(block => block.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n'))
            .Where(line => line.StartsWith("engine ", StringComparison.Ordinal))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..])];
    }
}
