using System.Diagnostics;
using Xunit;
using Xunit.Abstractions;

namespace Engine.Runner.Tests;

/// <summary>
/// A training process that is killed by SIGKILL again and again, at moments drawn from a seed, and continued each time, leaves the same bytes as one that
/// was not killed.
/// </summary>
public sealed class KilledRunTests(ITestOutputHelper log) : IDisposable
{
    private readonly TestFolder _folder = new();

    /// <summary>Where in the life of a run it is killed.</summary>
    private enum Moment
    {
        /// <summary>Within a write: as soon as the temporary folder of a checkpoint is there, or a moment later.</summary>
        Write,

        /// <summary>At any time, some checkpoints after it started.</summary>
        Step,

        /// <summary>While it starts, before or after it has taken up the run.</summary>
        Beginning,
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Three_kills() => Kill(
        3, [Moment.Write, Moment.Step, Moment.Write], "--epochs", "60", "--dropout", "0.1", "--schedule", "plateau", "--plateau-min-delta", "0.01", "--warmup", "9");

    [SkippableTheory]
    [Trait("Category", "Full")]
    [InlineData(30, "--epochs", "250", "--dropout", "0.1", "--schedule", "plateau", "--plateau-min-delta", "0.01", "--warmup", "9", "--micro-batch", "3")]
    [InlineData(20, "--epochs", "400", "--freeze", "true", "--head", "pooled", "--dropout", "0.1", "--optimizer", "keras-adam")]
    public void Fifty_kills(int kills, params string[] options)
    {
        Skip.IfNot(Environment.GetEnvironmentVariable("ENGINE_FULL_TESTS") == "1", "Fifty kills take minutes; set ENGINE_FULL_TESTS=1 to run them.");
        Random random = new(kills);
        Kill(kills, [.. Enumerable.Range(0, kills).Select(_ => (Moment)Math.Min(2, random.Next(5) / 2))], options);
    }

    private void Kill(int seed, Moment[] moments, params string[] options)
    {
        string train = _folder.Write("train.csv", SmallTask.Csv(40)), whole = _folder.File("whole"), killed = _folder.File("killed");
        string[] arguments = ["train", "--train", train, "--save-every", "1", .. SmallTask.Options([.. options, "--threads", "1"])];
        CommandRun run = CommandRun.Of([.. arguments, "--out", whole]);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Random random = new(seed);
        int withinWrites = 0, progressed = 0;
        foreach (Moment moment in moments)
        {
            string before = Latest(killed);
            // A run that was killed before its record was there is begun anew.
            using RunnerProcess process = Directory.Exists(Path.Combine(killed, "checkpoints"))
                ? RunnerProcess.Start("train", "--resume", killed) : RunnerProcess.Start([.. arguments, "--out", killed]);
            switch (moment)
            {
                case Moment.Beginning:
                    // Not longer than until its first checkpoint: hundreds follow in a second, and the run would be over.
                    Stopwatch clock = Stopwatch.StartNew();
                    for (int delay = random.Next(4000); clock.ElapsedMilliseconds < delay && Latest(killed) == before;)
                        Thread.Sleep(1);
                    break;
                case Moment.Step:
                    WaitFor(process, () => Latest(killed) != before);
                    Thread.Sleep(random.Next(60));
                    break;
                default:
                    WaitFor(process, () => Latest(killed) != before);
                    WaitFor(process, () => IsWriting(killed));
                    Delay(random.NextDouble() * 4);
                    break;
            }
            process.Kill();
            bool isWithin = IsWriting(killed);
            withinWrites += isWithin ? 1 : 0;
            progressed += Latest(killed) != before ? 1 : 0;
            log.WriteLine($"{moment}: killed {(isWithin ? "within a write" : "between writes")} after {Latest(killed)}");
        }
        Assert.True(Directory.Exists(Path.Combine(killed, "checkpoints")), "The run was finished before the last kill; give it more epochs.");
        log.WriteLine($"{moments.Length} kills, {withinWrites} of them within a write, {progressed} after a new checkpoint");
        // Kills that never came within a write, or always before the first step, would show nothing.
        Assert.True(withinWrites > 0, "No kill came within a write.");
        Assert.True(progressed >= moments.Count(moment => moment != Moment.Beginning), "A run made no progress before its kill.");
        run = CommandRun.Of("train", "--resume", killed);
        Assert.Equal((0, ""), (run.Code, run.Error));
        ResumeTests.AssertSameResults(whole, killed);
    }

    private static bool IsWriting(string folder)
    {
        string checkpoints = Path.Combine(folder, "checkpoints");
        return Directory.Exists(checkpoints) && Directory.GetDirectories(checkpoints, "*.tmp").Length > 0;
    }

    private static string Latest(string folder)
    {
        string checkpoints = Path.Combine(folder, "checkpoints");
        return !Directory.Exists(checkpoints) ? "nothing"
            : Directory.GetDirectories(checkpoints, "step-*").Select(Path.GetFileName).Where(name => !name!.EndsWith(".tmp", StringComparison.Ordinal)).Max(StringComparer.Ordinal) ?? "no step";
    }

    private static void WaitFor(RunnerProcess process, Func<bool> condition)
    {
        while (!condition())
        {
            Assert.False(process.HasExited, "The run ended before it was killed.");
            Thread.Yield();
        }
    }

    private static void Delay(double milliseconds)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalMilliseconds < milliseconds)
            Thread.Yield();
    }
}
