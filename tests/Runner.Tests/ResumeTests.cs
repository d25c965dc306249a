using System.Text.RegularExpressions;
using Xunit;

namespace Engine.Runner.Tests;

/// <summary><c>train --resume</c> through the program's entry point: what it continues, what it refuses, and that what it refuses stays as it is.</summary>
public sealed partial class ResumeTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly string _train;
    private readonly string _test;

    public ResumeTests()
    {
        _train = _folder.Write("train.csv", SmallTask.Csv(40));
        _test = _folder.Write("test.csv", SmallTask.Csv(12, offset: 500));
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("--dropout", "0.2", "--schedule", "plateau", "--warmup", "3")]
    [InlineData("--freeze", "true", "--optimizer", "keras-adam")]
    public void A_stopped_run_is_continued_to_the_same_files(params string[] options)
    {
        string whole = _folder.File("whole"), stopped = _folder.File("runs/stopped");
        string[] arguments = ["train", "--train", _train, "--test", _test, .. SmallTask.Options(options)];
        CommandRun run = CommandRun.Of([.. arguments, "--out", whole]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        run = CommandRun.StoppedAt("epoch 2/4", [.. arguments, "--out", stopped]);
        Assert.Equal((CommandLine.Stopped, ""), (run.Code, run.Error));
        Assert.Contains($"To continue: engine train --resume {stopped}", run.Output, StringComparison.Ordinal);
        // What was stopped is a model.
        Assert.Equal(0, CommandRun.Of("info", stopped).Code);
        run = CommandRun.Of("train", "--resume", stopped, "--threads", "1");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("Continued after step 8: step-000000008-epoch-2", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("epoch 2/4", run.Output, StringComparison.Ordinal);
        Assert.Contains("Test accuracy", run.Output, StringComparison.Ordinal);
        AssertSameResults(whole, stopped);
    }

    [Fact]
    public void Nothing_but_the_same_run_is_continued()
    {
        string stopped = _folder.File("stopped"), finished = _folder.File("finished"), other = _folder.Write("other.csv", SmallTask.Csv(40, offset: 3));
        string[] arguments = ["train", "--train", _train, .. SmallTask.Options()];
        Assert.Equal(CommandLine.Stopped, CommandRun.StoppedAt("epoch 1/4", [.. arguments, "--out", stopped]).Code);
        Assert.Equal(0, CommandRun.Of([.. arguments, "--out", finished]).Code);
        Directory.CreateDirectory(_folder.File("empty"));
        string content = File.ReadAllText(_train);
        string before = _folder.Fingerprint();
        Resume("--learning-rate", "0.001").AssertBadInput("started differently", "learning_rate was 0.003 and is 0.001", "continue it as it was started");
        Resume("--seed", "2", "--epochs", "5").AssertBadInput("epochs was 4 and is 5", "seed was 1 and is 2");
        Resume("--train", other).AssertBadInput("training_rows was 32 with the xxh128");
        Resume("--validation", "last:4").AssertBadInput("training_rows was 32", "and is 36", "validation_rows was 8");
        Resume("--freeze").AssertBadInput("trained was All and is Head");
        Resume("--device", "ilgpu-cpu").AssertBadInput("device was vector CPU");
        Resume("--out", _folder.File("new")).AssertBadInput("--resume", "--out", "leave one of them out");
        Resume("--save-every", "-1").AssertBadInput("--save-every -1: a whole number of at least 0");
        Resume("--model", _folder.File("absent")).AssertBadInput("absent");
        CommandRun.Of("train", "--resume", finished).AssertBadInput("finished: holds a run that is finished", "start a new run with --out");
        CommandRun.Of("train", "--resume", _folder.File("empty")).AssertBadInput("empty: holds no run");
        CommandRun.Of("train", "--resume", _folder.File("absent")).AssertBadInput("absent: does not exist");
        CommandRun.Of("train", "--resume", _train).AssertBadInput("train.csv: does not exist");
        CommandRun.Of([.. arguments, "--out", stopped]).AssertBadInput("stopped holds a run that is not finished", $"--resume {stopped}");
        File.WriteAllText(_train, content.Replace(",0\n", ",1\n", StringComparison.Ordinal));
        CommandRun.Of("train", "--resume", stopped).AssertBadInput("train.csv: all 40 rows have the label");
        File.WriteAllText(_train, content.Replace("b a", "c a", StringComparison.Ordinal));
        Resume().AssertBadInput("training_rows was 32 with the xxh128");
        File.WriteAllText(_train, content);
        Assert.Equal(before, _folder.Fingerprint());
        Assert.Equal(0, Resume().Code);
        AssertSameResults(finished, stopped);

        CommandRun Resume(params string[] options) => CommandRun.Of(["train", "--resume", stopped, .. options]);
    }

    [Fact]
    public void A_damaged_checkpoint_is_one_line_and_the_one_before_is_used()
    {
        string whole = _folder.File("whole"), stopped = _folder.File("stopped");
        string[] arguments = ["train", "--train", _train, .. SmallTask.Options("--epochs", "3")];
        Assert.Equal(0, CommandRun.Of([.. arguments, "--out", whole]).Code);
        Assert.Equal(CommandLine.Stopped, CommandRun.StoppedAt("epoch 2/3", [.. arguments, "--out", stopped]).Code);
        string state = Path.Combine(stopped, "checkpoints", "step-000000008-epoch-2", "state.safetensors");
        File.WriteAllBytes(state, File.ReadAllBytes(state)[..^1]);
        CommandRun run = CommandRun.Of("train", "--resume", stopped);
        Assert.Equal(0, run.Code);
        Assert.StartsWith($"engine: {state}: has ", run.Error, StringComparison.Ordinal);
        Assert.EndsWith("it was cut short or altered; the checkpoint of step 4 is used instead.\n", run.Error, StringComparison.Ordinal);
        Assert.Contains("Continued after step 4", run.Output, StringComparison.Ordinal);
        AssertSameResults(whole, stopped);
    }

    [Fact]
    public void One_run_in_a_folder_at_a_time()
    {
        string stopped = _folder.File("stopped");
        Assert.Equal(CommandLine.Stopped, CommandRun.StoppedAt("epoch 1/4", ["train", "--train", _train, .. SmallTask.Options(), "--out", stopped]).Code);
        using (FileStream other = new(Path.Combine(stopped, "train.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
            CommandRun.Of("train", "--resume", stopped).AssertBadInput("another process trains in this folder", "one at a time");
        Assert.Equal(0, CommandRun.Of("train", "--resume", stopped).Code);
    }

    /// <summary>Asserts that two runs left the same bytes, but for the times in the log.</summary>
    internal static void AssertSameResults(string expected, string actual)
    {
        string?[] names = [.. Directory.GetFileSystemEntries(expected).Select(Path.GetFileName).Order(StringComparer.Ordinal)];
        Assert.Equal(names, Directory.GetFileSystemEntries(actual).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (string? name in names)
        {
            byte[] left = File.ReadAllBytes(Path.Combine(expected, name!)), right = File.ReadAllBytes(Path.Combine(actual, name!));
            if (name == "training.json")
                Assert.Equal(Seconds().Replace(System.Text.Encoding.UTF8.GetString(left), ""), Seconds().Replace(System.Text.Encoding.UTF8.GetString(right), ""));
            else
                Assert.True(left.AsSpan().SequenceEqual(right), $"{name} differs");
        }
    }

    [GeneratedRegex("\"seconds\": [0-9.E-]+")]
    private static partial Regex Seconds();
}
