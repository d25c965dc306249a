using System.Globalization;
using System.Text.RegularExpressions;
using Xunit;

namespace Engine.Runner.Tests;

public sealed partial class ProfileTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Help_names_it() => Assert.Contains("--profile", CommandRun.Of("train", "--help").Output, StringComparison.Ordinal);

    [Fact]
    public void The_table_adds_up_and_changes_no_bit()
    {
        // 32 rows that train, in batches of 8: 4 steps, each through 2 layers; the validation's operations are not among theirs.
        string train = _folder.Write("train.csv", SmallTask.Csv(40));
        string[] models = [_folder.File("with"), _folder.File("without")];
        string[] options = SmallTask.Options("--epochs", "1");
        CommandRun run = CommandRun.Of(["train", "--train", train, "--out", models[0], "--profile", .. options]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        CommandRun plain = CommandRun.Of(["train", "--train", train, "--out", models[1], .. options]);
        Assert.Equal((0, ""), (plain.Code, plain.Error));
        Assert.DoesNotContain("Profile of", plain.Output, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllBytes(Path.Combine(models[1], "model.safetensors")), File.ReadAllBytes(Path.Combine(models[0], "model.safetensors")));

        Assert.Matches(@"Profile of 4 steps in [\d.]+ s; measured peaks: [\d.]+ GFLOP/s, [\d.]+ GB/s", run.Output);
        Dictionary<string, Match> rows = Rows(run.Output);
        Assert.Equal("8", rows["attention, forward"].Groups["calls"].Value);
        Assert.Equal("8", rows["attention, backward"].Groups["calls"].Value);
        Assert.Equal("4", rows["Adam"].Groups["calls"].Value);
        Assert.Equal("1", rows["validation"].Groups["calls"].Value);
        Assert.Contains(rows, row => row.Key.StartsWith("matrix product", StringComparison.Ordinal));
        Assert.All(rows.Where(row => row.Key.StartsWith("matrix product", StringComparison.Ordinal)), row => Assert.EndsWith("%", row.Value.Value.TrimEnd(), StringComparison.Ordinal));

        // Every row is rounded: by half of 0.1 % and of 0.001 ms at most.
        Assert.Equal(100.0, Number(rows["total"], "share"));
        foreach ((string column, double rounding) in new[] { ("share", 0.05), ("ms", 0.0005) })
        {
            double sum = rows.Where(row => row.Key != "total").Sum(row => Number(row.Value, column));
            Assert.InRange(Math.Abs(sum - Number(rows["total"], column)), 0, (rounding * rows.Count) + 1e-6);
        }
    }

    [Fact]
    public void A_run_that_is_continued_is_profiled_where_that_is_asked_for_again()
    {
        string train = _folder.Write("train.csv", SmallTask.Csv(40));
        string model = _folder.File("model");
        string[] arguments = ["train", "--train", train, "--out", model, "--profile", "--freeze", .. SmallTask.Options("--epochs", "3")];
        CommandRun first = CommandRun.StoppedAt("epoch 1/3", arguments);
        Assert.Equal(CommandLine.Stopped, first.Code);
        Assert.Equal("4", Rows(first.Output)["Adam"].Groups["calls"].Value);
        CommandRun second = CommandRun.StoppedAt("epoch 2/3", "train", "--resume", model);
        Assert.Equal(CommandLine.Stopped, second.Code);
        Assert.DoesNotContain("Profile of", second.Output, StringComparison.Ordinal);
        CommandRun third = CommandRun.Of("train", "--resume", model, "--profile");
        Assert.Equal((0, ""), (third.Code, third.Error));
        Assert.Contains("Profile of 4 steps", third.Output, StringComparison.Ordinal);
    }

    private static Dictionary<string, Match> Rows(string output) =>
        output[output.IndexOf("Profile of", StringComparison.Ordinal)..].Split('\n').Skip(2).Select(line => Row().Match(line)).Where(match => match.Success)
            .ToDictionary(match => match.Groups["name"].Value);

    private static double Number(Match row, string column) => double.Parse(row.Groups[column].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<name>\S.*?) +(?<share>[\d.]+) % +((?<calls>\d+) +)?(?<ms>\d+\.\d{3})\b.*$")]
    private static partial Regex Row();
}
