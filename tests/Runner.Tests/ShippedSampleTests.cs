using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Engine.Runner.Tests;

/// <summary>The first command of the README, whole: the shipped weights learn the shipped sample.</summary>
public sealed partial class ShippedSampleTests
{
    [SkippableFact]
    [Trait("Category", "Full")]
    public void Train_without_options_beats_the_majority_class_by_ten_points()
    {
        Skip.IfNot(Environment.GetEnvironmentVariable("ENGINE_FULL_TESTS") == "1", "A whole training run takes a minute; set ENGINE_FULL_TESTS=1 to run it.");
        using TestFolder folder = new();
        string output = folder.File("run");
        CommandRun run = CommandRun.Of("train", "--device", "cpu", "--out", output);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Match test = TestAccuracy().Match(run.Output);
        Assert.True(test.Success, run.Output);
        double accuracy = double.Parse(test.Groups[1].Value, CultureInfo.InvariantCulture);
        double majority = double.Parse(test.Groups[2].Value, CultureInfo.InvariantCulture);
        Assert.True(accuracy >= majority + 0.1, test.Value);
        Assert.Equal(
            File.ReadAllLines(Path.Combine(Repository.Root, "samples", "disaster-tweets", "test.csv")).Length,
            File.ReadAllLines(Path.Combine(output, "predictions.csv")).Length);
    }

    [GeneratedRegex("Test accuracy ([0-9.]+) \\(always \"[01]\": ([0-9.]+)\\)")]
    private static partial Regex TestAccuracy();
}
