using Xunit;

namespace Engine.Runner.Tests;

/// <summary>Each kind of bad input: one line, exit code 2, nothing touched on the disk.</summary>
public sealed class BadInputTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly string _train;

    public BadInputTests() => _train = _folder.Write("train.csv", SmallTask.Csv(20));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Files()
    {
        string[] files =
        [
            _folder.Write("column.csv", "id,tweet,target\n1,x,0\n"), _folder.Write("empty.csv", ""), _folder.Write("header.csv", "id,text,target\n"),
            _folder.Write("latin1.csv", [.. "text,target\nd"u8, 0xE9, .. "j,0\n"u8]), _folder.Write("label.csv", "text,target\na,0\nb,\n"),
            _folder.Write("one.csv", "text,target\na,0\nb,0\n"), _folder.Write("sorted.csv", "text,target\na,0\nb,0\nc,0\nd,0\ne,1\n"),
        ];
        _folder.AssertUntouched(() =>
        {
            Train(files[0]).AssertBadInput("column.csv has no column \"text\"", "\"tweet\"", "--text-column");
            Train(files[1]).AssertBadInput("empty.csv is empty");
            Train(files[2]).AssertBadInput("header.csv has column names and no rows");
            Train(files[3]).AssertBadInput("latin1.csv, line 2", "0xE9", "not UTF-8");
            Train(files[4]).AssertBadInput("label.csv, line 3: the label is empty");
            Train(files[5]).AssertBadInput("all 2 rows have the label \"0\"");
            Train(files[6]).AssertBadInput("fewer than two classes", "--validation stratified:0.2");
            Train(_folder.File("absent.csv")).AssertBadInput("absent.csv does not exist");
            Train(_train, "--label-column", "kind").AssertBadInput("no column \"kind\"", "--label-column");
            Train(_train, "--validation", files[5].Replace("one.csv", "absent.csv", StringComparison.Ordinal)).AssertBadInput("absent.csv does not exist");
            Train(_train, "--validation", "last:20").AssertBadInput("--validation last:20", "train.csv has 20 rows", "give fewer");
            Train(_train, "--test", files[0]).AssertBadInput("column.csv has no column \"text\"");
        });
    }

    [Fact]
    public void Labels_that_do_not_fit()
    {
        string other = _folder.Write("other.csv", "text,target\na,0\nb,2\n");
        _folder.AssertUntouched(() =>
        {
            Train(_train, "--validation", other).AssertBadInput("other.csv, line 3: the label \"2\" is none of the classes \"0\", \"1\"");
            Train(_train, "--test", other).AssertBadInput("other.csv, line 3: the label \"2\"");
        });
    }

    [Fact]
    public void Model_folders()
    {
        string noVocabulary = _folder.CopyModel("no-vocabulary");
        File.Delete(Path.Combine(noVocabulary, "vocab.txt"));
        string noConfiguration = _folder.CopyModel("no-configuration");
        File.Delete(Path.Combine(noConfiguration, "config.json"));
        string noWeights = _folder.CopyModel("no-weights");
        File.Delete(Path.Combine(noWeights, "model.safetensors"));
        string truncated = _folder.CopyModel("truncated");
        byte[] weights = File.ReadAllBytes(Path.Combine(truncated, "model.safetensors"));
        File.WriteAllBytes(Path.Combine(truncated, "model.safetensors"), weights[..^100]);
        string shape = _folder.CopyModel("shape");
        string configuration = File.ReadAllText(Path.Combine(shape, "config.json"));
        File.WriteAllText(Path.Combine(shape, "config.json"), configuration.Replace("\"intermediate_size\": 128", "\"intermediate_size\": 64", StringComparison.Ordinal));
        string notJson = _folder.CopyModel("not-json");
        File.WriteAllText(Path.Combine(notJson, "config.json"), "{");
        string moreTokens = _folder.CopyModel("more-tokens");
        File.AppendAllText(Path.Combine(moreTokens, "vocab.txt"), "extra\n");
        _folder.AssertUntouched(() =>
        {
            Train(_train, "--model", noVocabulary).AssertBadInput("vocab.txt");
            Train(_train, "--model", noConfiguration).AssertBadInput("config.json");
            Train(_train, "--model", noWeights).AssertBadInput("model.safetensors");
            Train(_train, "--model", truncated).AssertBadInput("model.safetensors");
            Train(_train, "--model", shape).AssertBadInput("intermediate", "[128, 32]");
            Train(_train, "--model", notJson).AssertBadInput("config.json");
            Train(_train, "--model", moreTokens).AssertBadInput("257 tokens", "256");
            Train(_train, "--model", _folder.File("absent")).AssertBadInput("absent");
            foreach (string folder in new[] { noVocabulary, noConfiguration, noWeights, truncated, shape, notJson })
            {
                CommandRun.Of("embed", "--model", folder, "--input", _train, "--out", _folder.File("v.csv"), "--device", "cpu").AssertBadInput(Path.GetFileName(folder));
            }
            CommandRun.Of("info", truncated).AssertBadInput("model.safetensors");
            CommandRun.Of("predict", "--model", Repository.SmallModel, "--input", _train, "--out", _folder.File("p.csv")).AssertBadInput("no classification head", "engine train");
            CommandRun.Of("evaluate", "--model", Repository.SmallModel, "--input", _train).AssertBadInput("no classification head");
        });
    }

    [Fact]
    public void Outputs()
    {
        Directory.CreateDirectory(_folder.File("full"));
        _folder.Write("full/file.txt", "x");
        _folder.AssertUntouched(() =>
        {
            CommandRun.Of("train", "--train", _train, "--out", _folder.File("full")).AssertBadInput("full exists and is not empty");
            CommandRun.Of("train", "--train", _train, "--out", _train).AssertBadInput("is a file, and a new folder was expected");
            CommandRun.Of("train", "--train", _train, "--out", Path.Combine(_train, "model")).AssertBadInput("is a file, and a folder was expected");
            CommandRun.Of("train", "--train", _train, "--out", "/proc/engine/model").AssertBadInput("/proc cannot be written to");
            CommandRun.Of("predict", "--model", Repository.SmallModel, "--input", _train, "--out", _train).AssertBadInput("exists", "--overwrite");
            CommandRun.Of("embed", "--model", Repository.SmallModel, "--input", _train, "--out", "/proc/engine/v.csv").AssertBadInput("/proc cannot be written to");
        });
    }

    [SkippableFact]
    public void A_folder_without_permission()
    {
        Skip.If(OperatingSystem.IsWindows() || Environment.UserName == "root", "The user may write everywhere: permissions do not bind root.");
        string locked = _folder.File("locked");
        Directory.CreateDirectory(locked);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(locked, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Train(_train, "--out", Path.Combine(locked, "model")).AssertBadInput("locked cannot be written to");
    }

    [Theory]
    [InlineData("--epochs", "0")]
    [InlineData("--batch", "x")]
    [InlineData("--rate", "-1")]
    [InlineData("--learning-rate", "nan")]
    [InlineData("--warmup", "2.5")]
    [InlineData("--warmup", "-0.1")]
    [InlineData("--head", "big")]
    [InlineData("--dropout", "1")]
    [InlineData("--head-dropout", "x")]
    [InlineData("--encoder-dropout", "-0.5")]
    [InlineData("--optimizer", "sgd")]
    [InlineData("--head-initializer", "zeros")]
    [InlineData("--schedule", "poly")]
    [InlineData("--plateau-factor", "1")]
    [InlineData("--plateau-patience", "-1")]
    [InlineData("--plateau-min-delta", "-1")]
    [InlineData("--plateau-cooldown", "0.5")]
    [InlineData("--plateau-min-rate", "-1")]
    [InlineData("--validation", "last:1.5")]
    [InlineData("--validation", "last:x")]
    [InlineData("--validation", "last:-1")]
    [InlineData("--validation", "stratified:300")]
    [InlineData("--max-length", "2")]
    [InlineData("--length", "2")]
    [InlineData("--seed", "-1")]
    [InlineData("--device", "tpu")]
    [InlineData("--device", "cuda:9")]
    [InlineData("--threads", "-2")]
    [InlineData("--epochs")]
    [InlineData("--unknown", "1")]
    public void Options(params string[] option) => _folder.AssertUntouched(() => CommandRun.Of(["train", "--train", _train, "--out", _folder.File("out"), "--model", Repository.SmallModel, .. option])
        .AssertBadInput(option.Contains("cuda:9") ? "cuda" : option[^1].TrimStart('-')));

    [Fact]
    public void Options_that_do_not_go_together() => _folder.AssertUntouched(() =>
    {
        Train(_train, "--freeze", "--encoder-dropout", "0.1").AssertBadInput("--encoder-dropout", "--freeze");
        Train(_train, "--plateau-factor", "0.5").AssertBadInput("--plateau-factor", "--schedule plateau");
        Train(_train, "--schedule", "plateau", "--validation", "last:0").AssertBadInput("--schedule plateau", "no rows validate");
        Train(_train, "--warmup", "500").AssertBadInput("500 steps, and the whole run 3");
        string three = _folder.Write("three.csv", SmallTask.Csv(30, 0, "a", "b", "c"));
        Train(three, "--head", "cls-sigmoid").AssertBadInput("ClsSigmoid", "3 labels", "softmax head");
        File.Delete(three);
    });

    private CommandRun Train(string file, params string[] more) =>
        CommandRun.Of(["train", "--train", file, "--out", _folder.File("out"), .. more.Contains("--model") ? [] : new[] { "--model", Repository.SmallModel }, "--device", "cpu", .. more]);
}
