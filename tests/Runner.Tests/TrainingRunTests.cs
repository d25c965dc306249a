using System.Globalization;
using System.Text.Json;
using Xunit;

namespace Engine.Runner.Tests;

public sealed class TrainingRunTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Train_predict_and_evaluate_agree_from_end_to_end()
    {
        string train = _folder.Write("train.csv", SmallTask.Csv(80));
        string test = _folder.Write("test.csv", SmallTask.Csv(30, offset: 500));
        string model = _folder.File("runs/model");
        CommandRun trained = CommandRun.Of(["train", "--train", train, "--test", test, "--out", model, .. SmallTask.Options()]);
        Assert.Equal((0, ""), (trained.Code, trained.Error));
        Assert.Contains("Rows 64 for training, 16 for validation; classes \"0\", \"1\"", trained.Output, StringComparison.Ordinal);
        Assert.Contains("epoch 4/4: loss: ", trained.Output, StringComparison.Ordinal);
        Assert.Contains("Validation accuracy 1.0000 (always \"0\": 0.5", trained.Output, StringComparison.Ordinal);
        Assert.Contains("Test accuracy 1.0000 (always", trained.Output, StringComparison.Ordinal);
        Assert.Equal(
            ["config.json", "model.safetensors", "predictions.csv", "training.json", "vocab.txt"],
            Directory.GetFiles(model).Select(Path.GetFileName).Where(name => name != "tokenizer_config.json").Order(StringComparer.Ordinal)!);
        Assert.Single(Directory.GetFileSystemEntries(_folder.File("runs")));

        string predictions = _folder.File("predictions.csv");
        CommandRun predicted = CommandRun.Of("predict", "--model", model, "--input", test, "--out", predictions, "--device", "cpu", "--max-length", "16");
        Assert.Equal((0, ""), (predicted.Code, predicted.Error));
        Assert.Equal(File.ReadAllText(Path.Combine(model, "predictions.csv")), File.ReadAllText(predictions));
        string[] lines = File.ReadAllLines(predictions);
        Assert.Equal("id,label,probability", lines[0]);
        Assert.Equal(31, lines.Length);
        string[] targets = [.. File.ReadAllLines(test).Skip(1).Select(line => line.Split(',')[2])];
        for (int row = 0; row < 30; row++)
        {
            string[] fields = lines[row + 1].Split(',');
            Assert.Equal($"{500 + row}", fields[0]);
            Assert.Equal(targets[row], fields[1]);
            Assert.InRange(float.Parse(fields[2], CultureInfo.InvariantCulture), 0.5f, 1f);
        }

        CommandRun evaluated = CommandRun.Of("evaluate", "--model", model, "--input", test, "--device", "cpu", "--max-length", "16");
        Assert.Equal((0, ""), (evaluated.Code, evaluated.Error));
        foreach (string figure in new[] { "accuracy   1.0000", "precision  1.0000", "recall     1.0000", "F1         1.0000", "AUC        1.0000", "Confusion matrix" })
            Assert.Contains(figure, evaluated.Output, StringComparison.Ordinal);

        CommandRun info = CommandRun.Of("info", model);
        Assert.Equal(0, info.Code);
        Assert.Contains("ClsSigmoid", info.Output, StringComparison.Ordinal);
        PredictOptions(model, test, targets);
        Assert.Contains(
            "none of the classes \"0\", \"1\"",
            CommandRun.Of("evaluate", "--model", model, "--input", _folder.Write("other.csv", SmallTask.Csv(6, 0, "0", "1", "2")), "--device", "cpu").Error, StringComparison.Ordinal);
        CommandRun.Of("predict", "--model", model, "--input", test, "--out", _folder.File("x.csv"), "--only", "yes").AssertBadInput("--only yes", "\"0\", \"1\"");
    }

    private void PredictOptions(string model, string test, string[] targets)
    {
        string output = _folder.File("ones.jsonl");
        CommandRun run = CommandRun.Of(
            "predict", "--model", model, "--input", test, "--out", output, "--only", "1", "--all-probabilities", "--device", "cpu", "--max-length", "16");
        Assert.Equal(0, run.Code);
        JsonElement[] rows = [.. File.ReadAllLines(output).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(targets.Count(target => target == "1"), rows.Length);
        Assert.All(rows, row =>
        {
            Assert.Equal("1", row.GetProperty("label").GetString());
            Assert.Equal(row.GetProperty("probability").GetSingle(), row.GetProperty("probabilities").GetProperty("1").GetSingle());
            Assert.Equal(1f, row.GetProperty("probabilities").GetProperty("0").GetSingle() + row.GetProperty("probability").GetSingle(), 1e-6f);
        });
        run = CommandRun.Of("predict", "--model", model, "--input", test, "--out", output, "--threshold", "0", "--overwrite", "--device", "cpu", "--max-length", "16");
        Assert.Equal(0, run.Code);
        Assert.Contains("predictions are alike (\"1\")", run.Output, StringComparison.Ordinal);
        Assert.All(File.ReadAllLines(output), line => Assert.Contains("\"label\":\"1\"", line, StringComparison.Ordinal));
    }

    [Fact]
    public void One_seed_gives_the_same_files_whatever_the_number_of_threads()
    {
        string train = _folder.Write("train.csv", SmallTask.Csv(40));
        string[] hashes = [.. new[] { "1", "2", "2" }.Select((threads, i) =>
        {
            string model = _folder.File($"model{i}");
            CommandRun run = CommandRun.Of(
                ["train", "--train", train, "--out", model, .. SmallTask.Options("--threads", threads, "--epochs", "1", "--head", "pooled", "--dropout", "0.3", "--seed", i == 2 ? "9" : "8")]);
            Assert.Equal((0, ""), (run.Code, run.Error));
            return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(Path.Combine(model, "model.safetensors"))));
        })];
        Assert.Equal(hashes[0], hashes[1]);
        Assert.NotEqual(hashes[1], hashes[2]);
    }

    [Fact]
    public void Several_classes_with_names_are_saved_and_read_back()
    {
        string train = _folder.Write("train.csv", SmallTask.Csv(120, 0, "negative", "neutral", "positive"));
        string model = _folder.File("model");
        CommandRun run = CommandRun.Of(["train", "--train", train, "--out", model, "--validation", "stratified:0.2", .. SmallTask.Options("--head", "pooled", "--epochs", "6")]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        using JsonDocument configuration = JsonDocument.Parse(File.ReadAllText(Path.Combine(model, "config.json")));
        Assert.Equal("BertForSequenceClassification", configuration.RootElement.GetProperty("architectures")[0].GetString());
        Assert.Equal("neutral", configuration.RootElement.GetProperty("id2label").GetProperty("1").GetString());
        CommandRun evaluated = CommandRun.Of("evaluate", "--model", model, "--input", train, "--device", "cpu", "--max-length", "16");
        Assert.Equal(0, evaluated.Code);
        Assert.Contains("accuracy   1.0000", evaluated.Output, StringComparison.Ordinal);
        Assert.Contains("neutral", evaluated.Output, StringComparison.Ordinal);
        CommandRun.Of("predict", "--model", model, "--input", train, "--out", _folder.File("p.csv"), "--threshold", "0.4").AssertBadInput("--threshold", "3 classes");
        CommandRun.Of("evaluate", "--model", model, "--input", train, "--threshold", "0.4").AssertBadInput("--threshold", "3 classes");
    }

    [Fact]
    public void Micro_batches_train_like_the_whole_batch()
    {
        string train = _folder.Write("train.csv", SmallTask.Csv(40));
        double[] losses = [.. new[] { "0", "3" }.Select(size =>
        {
            string model = _folder.File($"model{size}");
            CommandRun run = CommandRun.Of(["train", "--train", train, "--out", model, .. SmallTask.Options("--micro-batch", size, "--epochs", "2", "--head", "pooled", "--dropout", "0.2")]);
            Assert.Equal((0, ""), (run.Code, run.Error));
            using JsonDocument log = JsonDocument.Parse(File.ReadAllText(Path.Combine(model, "training.json")));
            return log.RootElement.GetProperty("history")[1].GetProperty("val_loss").GetDouble();
        })];
        // Float32 sums in another order: a relative rounding of 6e-8 grows over eight optimizer steps, whose losses PyTorch's own float32 misses by 9e-5 in ten.
        Assert.InRange(Math.Abs((losses[0] / losses[1]) - 1), 0, 1e-4);
    }

    [Fact]
    public void A_frozen_encoder_stays_as_it_was()
    {
        string train = _folder.Write("train.csv", SmallTask.Csv(40));
        string model = _folder.File("model");
        CommandRun run = CommandRun.Of(["train", "--train", train, "--out", model, "--freeze", .. SmallTask.Options("--epochs", "20", "--learning-rate", "0.05", "--head", "mean")]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("head only, encoder frozen", run.Output, StringComparison.Ordinal);
        Assert.Contains("Validation accuracy 1.0000", run.Output, StringComparison.Ordinal);
        Dictionary<string, byte[]> before = Safetensors.Read(Path.Combine(Repository.SmallModel, "model.safetensors"));
        Dictionary<string, byte[]> after = Safetensors.Read(Path.Combine(model, "model.safetensors"));
        string[] encoder = [.. after.Keys.Where(name => name.Contains("encoder.", StringComparison.Ordinal) || name.Contains("embeddings.", StringComparison.Ordinal))];
        Assert.True(encoder.Length >= 37, $"{encoder.Length} encoder tensors were saved");
        foreach (string name in encoder)
            Assert.Equal(before.Single(entry => Plain(entry.Key) == Plain(name)).Value, after[name]);

        static string Plain(string name) => name.StartsWith("bert.", StringComparison.Ordinal) ? name[5..] : name;
    }

    [Fact]
    public void A_stop_saves_the_model_so_far()
    {
        string train = _folder.Write("train.csv", SmallTask.Csv(40));
        string model = _folder.File("model");
        using CancellationTokenSource stop = new();
        stop.Cancel();
        CommandRun run = CommandRun.Of([], stop.Token, ["train", "--train", train, "--out", model, .. SmallTask.Options()]);
        Assert.Equal(CommandLine.Stopped, run.Code);
        Assert.Contains("Stopped after step 1; the model as it was then is saved", run.Output, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(model, "model.safetensors")));
        Assert.False(File.Exists(Path.Combine(model, "predictions.csv")));
        Assert.Equal(0, CommandRun.Of("info", model).Code);
    }

    [Fact]
    public void A_stop_while_a_prediction_starts_writes_nothing()
    {
        string train = _folder.Write("train.csv", SmallTask.Csv(40)), model = _folder.File("model"), predictions = _folder.File("predictions.csv");
        Assert.Equal(0, CommandRun.Of(["train", "--train", train, "--out", model, .. SmallTask.Options("--epochs", "1")]).Code);
        using CancellationTokenSource stop = new();
        stop.Cancel();
        CommandRun run = CommandRun.Of([], stop.Token, ["predict", "--model", model, "--input", train, "--out", predictions, "--device", "cpu"]);
        Assert.Equal((CommandLine.Stopped, "engine: stopped; nothing was written.\n"), (run.Code, run.Error));
        Assert.False(File.Exists(predictions));
    }

    [Fact]
    public void A_terminal_gets_a_line_that_is_written_over()
    {
        string train = _folder.Write("train.csv", SmallTask.Csv(40));
        CommandRun run = CommandRun.InTerminal(["train", "--train", train, "--out", _folder.File("model"), .. SmallTask.Options("--epochs", "1")]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        string[] lines = [.. run.Output.Split('\r').Where(line => line.StartsWith("epoch 1/1  step 1/4  loss: 0.", StringComparison.Ordinal))];
        Assert.Single(lines);
        Assert.Equal(119, lines[0].Length);
        foreach (string part in new[] { " - accuracy: ", " tokens/s  ", " left" })
            Assert.Contains(part, lines[0], StringComparison.Ordinal);
        // The figures of the epoch follow on a clean line.
        Assert.Contains("\repoch 1/1: loss: ", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_validation_loss_that_is_not_finite_is_one_line_and_saves_nothing()
    {
        // One step, whose own loss is that of the weights before it.
        string train = _folder.Write("train.csv", SmallTask.Csv(40));
        _folder.AssertUntouched(() => CommandRun.Of(["train", "--train", train, "--out", _folder.File("model"), .. SmallTask.Options("--epochs", "1", "--batch", "40", "--learning-rate", "1e30")])
            .AssertEndedByBadInput("The validation loss is not finite after step 1 (epoch 1); a finite loss was expected; lower the learning rate"));
    }

    [Fact]
    public void A_loss_that_is_not_finite_is_one_line_and_saves_nothing()
    {
        string train = _folder.Write("train.csv", SmallTask.Csv(40));
        string before = _folder.Fingerprint();
        CommandRun run = CommandRun.Of(["train", "--train", train, "--out", _folder.File("model"), .. SmallTask.Options("--learning-rate", "1e38", "--clip", "0")]);
        run.AssertEndedByBadInput("The loss is not finite at step 2 (epoch 1)", "batch of training rows", "lower the learning rate");
        Assert.Equal(before, _folder.Fingerprint());
    }

    [Fact]
    public void Pairs_are_trained_on_both_texts()
    {
        string[] rows = [.. Enumerable.Range(0, 60).Select(row => $"{(row % 2 == 0 ? 'a' : 'e')},{(row / 2 % 2 == 0 ? 'a' : 'e')},{(row % 2 == row / 2 % 2 ? "same" : "other")}")];
        string train = _folder.Write("pairs.csv", "left,right,kind\n" + string.Join('\n', rows));
        string model = _folder.File("model");
        CommandRun run = CommandRun.Of(
            ["train", "--train", train, "--text-column", "left", "--pair-column", "right", "--label-column", "kind", "--out", model, .. SmallTask.Options("--epochs", "12")]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        // Neither text tells the class alone.
        Assert.Contains("Validation accuracy 1.0000", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Embeddings_have_length_one_and_do_not_depend_on_the_batch()
    {
        string many = _folder.Write("many.csv", SmallTask.Csv(30));
        string one = _folder.Write("one.csv", string.Join('\n', SmallTask.Csv(30).Split('\n').Take(2)));
        string[] lines = Embed(many, _folder.File("many-vectors.csv"));
        Assert.Equal(31, lines.Length);
        Assert.Equal(lines[1], Embed(one, _folder.File("one-vector.csv"))[1]);
        double[] vector = [.. lines[1].Split(',').Skip(1).Select(value => double.Parse(value, CultureInfo.InvariantCulture))];
        Assert.Equal(32, vector.Length);
        Assert.Equal(1, vector.Sum(value => value * value), 1e-5);

        string[] Embed(string input, string output)
        {
            CommandRun run = CommandRun.Of("embed", "--model", Repository.SmallModel, "--input", input, "--out", output, "--device", "cpu");
            Assert.Equal((0, ""), (run.Code, run.Error));
            return File.ReadAllLines(output);
        }
    }
}
