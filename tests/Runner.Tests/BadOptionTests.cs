using Xunit;

namespace Engine.Runner.Tests;

/// <summary>Options and files that do not fit the commands other than <c>train</c>: one line, exit code 2, nothing touched on the disk.</summary>
public sealed class BadOptionTests : IDisposable
{
    private static readonly string[] Everywhere = ["predict", "evaluate", "embed", "fill-mask", "next-sentence"];

    private readonly TestFolder _folder = new();
    private readonly string _input;
    private readonly string _out;

    public BadOptionTests()
    {
        _input = _folder.Write("input.csv", SmallTask.Csv(6));
        _out = _folder.File("out.csv");
    }

    public static TheoryData<string> Commands => [.. Everywhere];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Commands))]
    public void Options_that_all_commands_share(string command)
    {
        string[][] options =
        [
            ["--threads", "-1"], ["--threads", "x"], ["--seed", "-1"], ["--seed", "1.5"], ["--max-length", "2"], ["--length", "x"], ["--unknown", "1"], ["--model"],
        ];
        _folder.AssertUntouched(() =>
        {
            foreach (string[] option in options)
                Run(command, option).AssertBadInput(option[^1].TrimStart('-'));
            Run(command, "--model", _folder.File("absent")).AssertBadInput("absent");
        });
    }

    [Theory]
    [InlineData("predict", "--threshold", "1.5", "--threshold 1.5: a number from 0 to 1 was expected")]
    [InlineData("predict", "--threshold", "nan", "--threshold nan: a number from 0 to 1 was expected")]
    [InlineData("evaluate", "--threshold", "-0.1", "--threshold -0.1: a number from 0 to 1 was expected")]
    [InlineData("embed", "--pooling", "max", "--pooling max: one of ")]
    [InlineData("embed", "--normalize", "yes", "--normalize yes: one of true, false was expected")]
    [InlineData("fill-mask", "--top", "x", "--top x: a whole number of at least 1 was expected")]
    [InlineData("convert", "--dtype", "float64", "--dtype float64: one of float32, float16, bfloat16 was expected")]
    [InlineData("convert", "--gelu", "relu", "--gelu relu: one of auto, erf, tanh was expected")]
    [InlineData("convert", "--tokenizer", "bpe", "--tokenizer bpe: one of auto, huggingface, google, tftext was expected")]
    [InlineData("convert", "--classifier", "mean", "--classifier mean: one of auto, cls, pooled, none was expected")]
    [InlineData("convert", "--heads", "-1", "--heads -1: a whole number of at least 0 was expected")]
    [InlineData("dump-kernel", "--group", "-1", "--group -1: a whole number of at least 0 was expected")]
    [InlineData("dump-kernel", "--vector-bits", "x", "--vector-bits x: a whole number of at least 0 was expected")]
    [InlineData("train", "--micro-batch", "-1", "--micro-batch -1: a whole number of at least 0 was expected")]
    [InlineData("train", "--batch", "0", "--batch 0: a whole number of at least 1 was expected")]
    [InlineData("train", "--epochs", "1.5", "--epochs 1.5: a whole number of at least 1 was expected")]
    [InlineData("train", "--decay", "-1", "--decay -1: a number of at least 0 was expected")]
    [InlineData("train", "--clip", "-1", "--clip -1: a number of at least 0 was expected")]
    [InlineData("train", "--keep", "first", "--keep first: one of best, last was expected")]
    [InlineData("train", "--save-every", "0.5", "--save-every 0.5: a whole number of at least 0 was expected")]
    public void Values_of_a_command_s_own_options(string command, string option, string value, string expected) =>
        _folder.AssertUntouched(() => Run(command, option, value).AssertBadInput(expected, value));

    [Fact]
    public void Options_and_arguments_that_are_missing() => _folder.AssertUntouched(() =>
    {
        CommandRun.Of("predict", "--input", _input).AssertBadInput("--out", "engine predict --help");
        CommandRun.Of("predict", "--out", _out).AssertBadInput("--input", "engine predict --help");
        CommandRun.Of("evaluate").AssertBadInput("--input", "engine evaluate --help");
        CommandRun.Of("embed", "--input", _input).AssertBadInput("--out", "engine embed --help");
        CommandRun.Of("info").AssertBadInput("engine info --help");
        CommandRun.Of("convert", "--out", _folder.File("new")).AssertBadInput("engine convert --help");
        CommandRun.Of("info", _folder.File("absent")).AssertBadInput("absent");
        CommandRun.Of("info", _input).AssertBadInput("input.csv");
        CommandRun.Of("tokenize", "--input", _input, "--unknown").AssertBadInput("--unknown", "engine tokenize --help");
    });

    [Fact]
    public void Files_of_the_commands_that_use_a_trained_model()
    {
        string train = _folder.Write("train.csv", SmallTask.Csv(20)), model = _folder.File("model"), folder = _folder.File("folder");
        Assert.Equal(0, CommandRun.Of(["train", "--train", train, "--out", model, .. SmallTask.Options("--epochs", "1")]).Code);
        Directory.CreateDirectory(folder);
        string column = _folder.Write("column.csv", "id,tweet\n1,x\n"), empty = _folder.Write("empty.csv", ""), unlabelled = _folder.Write("unlabelled.csv", "id,text\n1,x\n");
        string latin1 = _folder.Write("latin1.csv", [.. "text,target\nd"u8, 0xE9, .. "j,0\n"u8]), json = _folder.Write("bad.jsonl", "{\"text\": [1]}\n");
        _folder.AssertUntouched(() =>
        {
            foreach (string command in new[] { "predict", "evaluate", "embed" })
            {
                On(command, column).AssertBadInput("column.csv has no column \"text\"", "--text-column");
                On(command, empty).AssertBadInput("empty.csv is empty");
                On(command, latin1).AssertBadInput("latin1.csv, line 2", "not UTF-8");
                On(command, json).AssertBadInput("bad.jsonl, line 1: \"text\" is no text or number");
                On(command, _folder.File("absent.csv")).AssertBadInput("absent.csv does not exist");
                On(command, _input, "--pair-column", "second").AssertBadInput("no column \"second\"");
                On(command, _input, "--device", "tpu").AssertBadInput("tpu");
            }
            foreach (string command in new[] { "predict", "embed" })
            {
                On(command, _input, "--out", folder).AssertBadInput("folder is a folder, and a file was expected");
                On(command, _input, "--out", Path.Combine(_input, "out.csv")).AssertBadInput("is a file, and a folder was expected");
                On(command, _input, "--out", _input).AssertBadInput("exists", "--overwrite");
                On(command, _input, "--out", "/proc/engine/out.csv").AssertBadInput("/proc cannot be written to");
            }
            On("evaluate", unlabelled).AssertBadInput("no column \"target\"", "--label-column");
        });
        string weights = Path.Combine(model, "model.safetensors");
        byte[] damaged = File.ReadAllBytes(weights);
        (int start, int end) = Safetensors.PlaceOf(weights, "embeddings.LayerNorm.weight");
        damaged.AsSpan(start, end - start).Fill(0xFF);
        File.WriteAllBytes(weights, damaged);
        _folder.AssertUntouched(() =>
        {
            On("predict", _input).AssertEndedByBadInput("model: the weights give no finite numbers, which were expected of a trained model; use another checkpoint");
            On("evaluate", _input).AssertEndedByBadInput("model: the weights give no finite numbers");
        });

        CommandRun On(string command, string input, params string[] more) => CommandRun.Of(
        [
            command, "--model", model, "--input", input, .. command == "evaluate" || more.Contains("--out") ? [] : new[] { "--out", _out },
            .. more.Contains("--device") ? [] : new[] { "--device", "cpu" }, .. more,
        ]);
    }

    [Fact]
    public void Names_too_long_for_the_disk()
    {
        // The name itself fits; that of the temporary file beside it does not.
        string name = new('x', 240);
        _folder.AssertUntouched(() =>
        {
            CommandRun.Of("embed", "--model", Repository.SmallModel, "--input", _input, "--out", _folder.File(name), "--device", "cpu")
                .AssertEndedByBadInput("cannot be written (", "choose a folder that is writable and has room");
            CommandRun.Of("tokenize", "--model", Repository.SmallModel, "--input", _input, "--out", _folder.File(name)).AssertBadInput("cannot be written (");
            CommandRun.Of("convert", Repository.SmallModel, "--out", _folder.File(name)).AssertEndedByBadInput("cannot be written (", "choose a folder that is writable and has room");
        });
    }

    [Theory]
    [InlineData("tpu", "device 'tpu' is unknown")]
    [InlineData("cpu:1", "device 'cpu:1' is unknown: only cuda and opencl devices are numbered")]
    [InlineData("cuda:x", "device 'cuda:x' is unknown: 'x' is no device number")]
    [InlineData("opencl:99", "device opencl:99 cannot be used: ")]
    [InlineData("cuda:99", "device cuda:99 cannot be used: ")]
    public void Devices(string device, string expected) => _folder.AssertUntouched(() =>
    {
        foreach (string command in Everywhere.Skip(2))
            Run(command, "--device", device, "--model", Repository.SmallModel).AssertBadInput(expected, device.EndsWith("99", StringComparison.Ordinal) ? "; choose another device, or auto" : "expected ");
        Run("train", "--device", device).AssertBadInput(expected);
        CommandRun.Of("devices", "--self-test", "--device", device).AssertBadInput(expected);
    });

    [Theory]
    [InlineData("--learning-rate", "1e300", "--learning-rate 1e300: ")]
    [InlineData("--decay", "1e39", "--decay 1e39: ")]
    [InlineData("--threads", "1000000", "--threads 1000000: a whole number from 0 to 4096 was expected")]
    [InlineData("--batch", "2147483648", "--batch 2147483648: a whole number of at least 1 was expected")]
    public void Numbers_beyond_what_is_computed_with(string option, string value, string expected) =>
        _folder.AssertUntouched(() => Run("train", option, value).AssertBadInput(expected));

    [Fact]
    public void More_steps_than_can_be_counted()
    {
        string train = _folder.Write("train.csv", SmallTask.Csv(40));
        _folder.AssertUntouched(() => CommandRun.Of("train", "--train", train, "--out", _folder.File("new"), "--model", Repository.SmallModel, "--device", "cpu", "--epochs", "2147483647")
            .AssertBadInput("2147483647 epochs of 2 steps are more than 2147483647 steps", "train for fewer epochs"));
    }

    [Fact]
    public void A_batch_larger_than_the_data_is_all_of_it()
    {
        string train = _folder.Write("train.csv", SmallTask.Csv(20));
        CommandRun run = CommandRun.Of(["train", "--train", train, "--out", _folder.File("new"), .. SmallTask.Options("--epochs", "1", "--batch", "2147483647")]);
        Assert.Equal((0, ""), (run.Code, run.Error));
    }

    [Fact]
    public void Paths_that_are_empty() => _folder.AssertUntouched(() =>
    {
        foreach (string command in new[] { "predict", "embed", "fill-mask", "next-sentence", "tokenize" })
            CommandRun.Of(command, "--input", _input, "--out", "").AssertBadInput("--out is empty, and the path of a file was expected", $"engine {command} --help");
        CommandRun.Of("train", "--out", "").AssertBadInput("--out is empty, and the path of a folder was expected");
        CommandRun.Of("convert", Repository.SmallModel, "--out", "").AssertBadInput("--out is empty, and the path of a folder was expected");
        foreach (string command in new[] { "predict", "embed", "fill-mask", "next-sentence", "tokenize" })
            CommandRun.Of(command, "--input", "", "--out", _out).AssertBadInput("--input is empty, and the path of a file was expected");
        CommandRun.Of("evaluate", "--input", "").AssertBadInput("--input is empty, and the path of a file was expected");
        foreach (string command in Everywhere)
            Run(command, "--model", "").AssertBadInput("--model is empty, and the path of a folder was expected");
        CommandRun.Of("train", "--model", "").AssertBadInput("--model is empty, and the path of a folder was expected");
        foreach (string option in new[] { "--train", "--test", "--validation", "--resume" })
            CommandRun.Of("train", option, "").AssertBadInput($"{option} is empty, and ", " was expected");
        CommandRun.Of("convert", Repository.SmallModel, "--out", _folder.File("new"), "--vocab", "").AssertBadInput("--vocab is empty, and the path of a file was expected");
        CommandRun.Of("convert", "", "--out", _folder.File("new")).AssertBadInput("SOURCE is empty, and the path of a file or folder was expected");
        CommandRun.Of("info", "").AssertBadInput("MODEL is empty, and the path of a file or folder was expected");
    });

    private CommandRun Run(string command, params string[] options)
    {
        string[] needed = command switch
        {
            "predict" or "embed" => ["--input", _input, "--out", _out],
            "evaluate" => ["--input", _input],
            "fill-mask" => ["a [MASK]"],
            "next-sentence" => ["a", "b"],
            "convert" => [Repository.SmallModel, "--out", _folder.File("new")],
            "dump-kernel" => ["Adam"],
            _ => ["--train", _input, "--out", _folder.File("new"), "--model", Repository.SmallModel],
        };
        return CommandRun.Of([command, .. needed, .. options]);
    }
}
