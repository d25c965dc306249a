using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace Engine.Runner.Tests;

/// <summary>What the options of <c>train</c> do to a run.</summary>
public sealed partial class TrainingOptionTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly string _train;
    private int _runs;

    public TrainingOptionTests() => _train = _folder.Write("train.csv", SmallTask.Csv(41));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Keras_s_Adam_comes_as_Keras_runs_it()
    {
        (string output, JsonElement log, _) = Train(
            "--optimizer", "keras-adam", "--learning-rate", "2e-6", "--head", "cls-sigmoid", "--validation", "last:0.2", "--epochs", "3", "--no-shuffle");
        Assert.Contains("Rows 32 for training, 9 for validation", output, StringComparison.Ordinal);
        Assert.Equal("KerasAdam", log.GetProperty("optimizer").GetString());
        Assert.Equal("ClsSigmoid", log.GetProperty("head").GetString());
        Assert.Equal("GlorotUniform", log.GetProperty("head_initializer").GetString());
        Assert.Equal("Constant", log.GetProperty("schedule").GetString());
        Assert.False(log.GetProperty("shuffle").GetBoolean());
        foreach (string none in new[] { "warmup", "weight_decay", "max_gradient_norm" })
            Assert.Equal(0, log.GetProperty(none).GetDouble());
        Assert.All(log.GetProperty("history").EnumerateArray(), epoch => Assert.Equal(2e-6, epoch.GetProperty("learning_rate").GetDouble()));
        (_, log, _) = Train("--freeze", "--optimizer", "keras-adam", "--schedule", "cosine", "--head-initializer", "normal", "--warmup", "4", "--decay", "0.5", "--clip", "2");
        Assert.Equal("Normal", log.GetProperty("head_initializer").GetString());
        Assert.Equal("Cosine", log.GetProperty("schedule").GetString());
        Assert.Equal((4, 0.5, 2), (log.GetProperty("warmup").GetDouble(), log.GetProperty("weight_decay").GetDouble(), log.GetProperty("max_gradient_norm").GetDouble()));
        (_, log, _) = Train("--freeze", "--optimizer", "adamw");
        Assert.Equal(("Linear", 0.01, 1), (log.GetProperty("schedule").GetString(), log.GetProperty("weight_decay").GetDouble(), log.GetProperty("max_gradient_norm").GetDouble()));
    }

    [Fact]
    public void An_epoch_s_line_has_Keras_s_names_and_the_log_s_figures()
    {
        (string output, JsonElement log, _) = Train("--epochs", "2");
        JsonElement[] history = [.. log.GetProperty("history").EnumerateArray()];
        Match[] lines = [.. EpochLine().Matches(output).Cast<Match>()];
        Assert.Equal(2, lines.Length);
        for (int epoch = 0; epoch < 2; epoch++)
        {
            Assert.Equal($"{epoch + 1}", lines[epoch].Groups["epoch"].Value);
            foreach (string name in new[] { "loss", "accuracy", "val_loss", "val_accuracy" })
                Assert.Equal(history[epoch].GetProperty(name).GetDouble(), double.Parse(lines[epoch].Groups[name].Value, CultureInfo.InvariantCulture), 5.1e-5);
        }
    }

    [Theory]
    [InlineData("pooled-softmax", null)]
    [InlineData("pooled-sigmoid", "PooledSigmoid")]
    [InlineData("cls-softmax", "ClsSoftmax")]
    [InlineData("mean-sigmoid", "MeanSigmoid")]
    [InlineData("mean-softmax", "MeanSoftmax")]
    public void Heads(string name, string? kind)
    {
        (_, _, string model) = Train("--head", name, "--dropout", "0.25", "--epochs", "1", "--freeze");
        JsonElement configuration = Json(Path.Combine(model, "config.json"));
        if (kind is null)
        {
            Assert.Equal("BertForSequenceClassification", configuration.GetProperty("architectures")[0].GetString());
            Assert.Equal(0.25, configuration.GetProperty("classifier_dropout").GetDouble());
            return;
        }
        Assert.Equal(kind, configuration.GetProperty("engine_head").GetProperty("kind").GetString());
        Assert.Equal(0.25, configuration.GetProperty("engine_head").GetProperty("dropout").GetDouble());
    }

    [Fact]
    public void Dropout_of_head_and_encoder_change_the_run_each()
    {
        (_, JsonElement none, _) = Train("--dropout", "0", "--encoder-dropout", "0", "--epochs", "1");
        (_, JsonElement head, _) = Train("--dropout", "0.5", "--encoder-dropout", "0", "--epochs", "1");
        (_, JsonElement encoder, string model) = Train("--dropout", "0", "--encoder-dropout", "0.5", "--epochs", "1");
        Assert.Equal(3, new[] { none, head, encoder }.Select(log => log.GetProperty("history")[0].GetProperty("loss").GetDouble()).Distinct().Count());
        Assert.Equal((0.5, 0), (head.GetProperty("dropout").GetDouble(), head.GetProperty("hidden_dropout").GetDouble()));
        Assert.Equal((0.5, 0.5), (encoder.GetProperty("hidden_dropout").GetDouble(), encoder.GetProperty("attention_dropout").GetDouble()));
        JsonElement configuration = Json(Path.Combine(model, "config.json"));
        Assert.Equal((0.5, 0.5), (configuration.GetProperty("hidden_dropout_prob").GetDouble(), configuration.GetProperty("attention_probs_dropout_prob").GetDouble()));
    }

    [Fact]
    public void The_order_of_rows()
    {
        // Without dropout and shuffling, a frozen encoder's run is a function of the rows and of the head's first weights: moving rows moves the result.
        string[] lines = File.ReadAllLines(_train);
        string moved = _folder.Write("moved.csv", string.Join('\n', [lines[0], .. lines[1..33].Reverse(), .. lines[33..]]) + "\n");
        double inOrder = ValidationLoss(_train, "--no-shuffle");
        Assert.NotEqual(inOrder, ValidationLoss(_train));
        Assert.NotEqual(inOrder, ValidationLoss(moved, "--no-shuffle"));
        Assert.Equal(ValidationLoss(_train, "--no-shuffle", "--batch", "32"), ValidationLoss(moved, "--no-shuffle", "--batch", "32"), 1e-6);

        double ValidationLoss(string file, params string[] options)
        {
            (_, JsonElement log, _) = Train(["--train", file, "--freeze", "--epochs", "1", "--learning-rate", "0.05", .. options]);
            return log.GetProperty("history")[0].GetProperty("val_loss").GetDouble();
        }
    }

    [Fact]
    public void A_plateau_lowers_the_rate()
    {
        // No later loss is lower by 100, so that from the second epoch on the rate is lowered after every one.
        (string output, JsonElement log, _) = Train(
            "--schedule", "plateau", "--warmup", "2", "--learning-rate", "0.001", "--epochs", "5", "--plateau-min-delta", "100", "--plateau-factor", "0.5",
            "--plateau-min-rate", "0.0002", "--freeze");
        Assert.Equal(
            [0.001, 0.001, 0.0005, 0.00025, 0.0002], log.GetProperty("history").EnumerateArray().Select(epoch => epoch.GetProperty("learning_rate").GetDouble()));
        Assert.Contains(" - lr: 2.5000e-04; ", output, StringComparison.Ordinal);
        Assert.Equal(0.5, log.GetProperty("plateau").GetProperty("factor").GetDouble());
        (_, log, _) = Train(
            "--schedule", "plateau", "--warmup", "0", "--learning-rate", "0.001", "--epochs", "5", "--plateau-min-delta", "100", "--plateau-factor", "0.5",
            "--plateau-patience", "2", "--plateau-cooldown", "1", "--freeze");
        Assert.Equal(
            [0.001, 0.001, 0.001, 0.0005, 0.0005], log.GetProperty("history").EnumerateArray().Select(epoch => epoch.GetProperty("learning_rate").GetDouble()));
    }

    [Theory]
    [InlineData("last:7", 34, 7)]
    [InlineData("last:0", 41, 0)]
    [InlineData("stratified:0.25", 31, 10)]
    public void Validation_rows(string choice, int training, int validation)
    {
        (string output, JsonElement log, _) = Train("--validation", choice, "--freeze", "--epochs", "1");
        Assert.Equal((training, validation), (log.GetProperty("training_rows").GetInt32(), log.GetProperty("validation_rows").GetInt32()));
        Assert.Equal(validation == 0, output.Contains("There are no validation rows", StringComparison.Ordinal));
    }

    [Fact]
    public void Validation_rows_of_another_file()
    {
        (_, JsonElement log, _) = Train("--validation", _folder.Write("other.csv", SmallTask.Csv(13, offset: 500)), "--freeze", "--epochs", "1");
        Assert.Equal((41, 13), (log.GetProperty("training_rows").GetInt32(), log.GetProperty("validation_rows").GetInt32()));
    }

    [Fact]
    public void Short_and_older_names_are_the_same_options()
    {
        string[] models =
        [
            Train("--head", "cls-sigmoid", "--optimizer", "keras-adam", "--dropout", "0.1", "--epochs", "1").Model,
            Model(["--head", "cls", "--optimizer", "keras", "--head-dropout", "0.1", "--epochs", "1", "--rate", "0.003", "--length", "16"]),
        ];
        Assert.Equal(File.ReadAllBytes(Path.Combine(models[0], "model.safetensors")), File.ReadAllBytes(Path.Combine(models[1], "model.safetensors")));

        string Model(string[] options)
        {
            string model = _folder.File("older");
            CommandRun run = CommandRun.Of(
                ["train", "--train", _train, "--out", model, "--model", Repository.SmallModel, "--device", "cpu", "--threads", "2", "--batch", "8", .. options]);
            Assert.Equal((0, ""), (run.Code, run.Error));
            return model;
        }
    }

    private (string Output, JsonElement Log, string Model) Train(params string[] options)
    {
        string model = _folder.File($"model{_runs++}");
        List<string> switches = [.. options.Where(option => option is "--freeze" or "--no-shuffle")];
        string[] small = SmallTask.Options([.. options.Where(option => !switches.Contains(option))]);
        List<string> arguments = ["train", "--out", model, .. switches];
        for (int i = 0; i < small.Length; i += 2)
        {
            // Its default is looked at here.
            if (small[i] != "--warmup" || options.Contains("--warmup"))
                arguments.AddRange([small[i], small[i + 1]]);
        }
        if (!options.Contains("--train"))
            arguments.AddRange(["--train", _train]);
        CommandRun run = CommandRun.Of([.. arguments]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        return (run.Output, Json(Path.Combine(model, "training.json")), model);
    }

    private static JsonElement Json(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }

    [GeneratedRegex(
        @"epoch (?<epoch>\d)/2: loss: (?<loss>[\d.]+) - accuracy: (?<accuracy>[\d.]+) - "
        + @"val_loss: (?<val_loss>[\d.]+) - val_accuracy: (?<val_accuracy>[\d.]+) - val_f1: [\d.]+; ")]
    private static partial Regex EpochLine();
}
