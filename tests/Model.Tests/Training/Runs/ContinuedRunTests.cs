using Engine.Model.Tests.Data;
using Engine.Model.Training;
using Xunit;

namespace Engine.Model.Tests.Training.Runs;

/// <summary>A run that was ended after any of its steps and continued gives the same bits as one that was not.</summary>
[Collection(ModelDevices.Collection)]
public sealed class ContinuedRunTests(ModelDevices devices) : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> Runs => ["whole", "frozen", "last"];

    [Theory]
    [MemberData(nameof(Runs))]
    public void A_run_that_was_stopped_after_any_step(string name)
    {
        var run = Make(name);
        var expected = run.Run();
        Assert.Equal(run.Steps, expected.Result.StepsDone);
        // Of the run that has the fewest states every third step: within an epoch, at its end, at its beginning.
        for (int step = 1; step < run.Steps; step += name == "last" ? 3 : 1)
        {
            string at = folder.File($"stopped-{step}");
            using var stop = new CancellationTokenSource();
            var stopped = run.Run(at, onStep: done => Cancel(done == step, stop), stop: stop.Token);
            Assert.True(stopped.Result.Stopped);
            Assert.Equal(step, stopped.Result.StepsDone);
            var continued = run.Run(at);
            Assert.Equal(step, continued.From);
            AssertSame(expected, continued);
            Assert.Equal(["config.json", "model.safetensors", "vocab.txt"], Directory.GetFileSystemEntries(at).Select(Path.GetFileName).Order());
        }
    }

    [Theory]
    [InlineData("whole")]
    [InlineData("unvalidated")]
    public void A_run_that_failed_again_and_again(string name)
    {
        var run = Make(name);
        var expected = run.Run();
        string at = folder.File("failing");
        int from = 0;
        // Every attempt gets one step further than the checkpoint after the one that it came from.
        for (int failAt = 1; failAt <= run.Steps; failAt++)
        {
            int failure = failAt;
            Assert.Throws<EndOfStreamException>(() => run.Run(at, every: 3, onStep: done => _ = done == failure ? throw new EndOfStreamException() : done));
            from = failure - 1;
        }
        var continued = run.Run(at, every: 3);
        // The last failure came before the last epoch's end was saved: the latest checkpoint is the last third step, or the end of the epoch before.
        Assert.Equal(Math.Max(from / 3 * 3, (from / SmallRun.StepsPerEpoch) * SmallRun.StepsPerEpoch), continued.From);
        AssertSame(expected, continued);
    }

    [Fact]
    public void Settings_that_differ_are_named()
    {
        var settings = SmallRun.Whole;
        string at = folder.File("run");
        Stop(new SmallRun(Device, settings), at, 5);
        var other = settings with { Loop = settings.Loop with { LearningRate = 1e-3, Seed = 2 } };
        string message = Assert.Throws<ModelException>(() => new SmallRun(Device, other).Run(at)).Message;
        Assert.Contains("learning_rate was 0.003 and is 0.001; seed was 1 and is 2", message, StringComparison.Ordinal);
        Assert.DoesNotContain("epochs", message, StringComparison.Ordinal);
        message = Assert.Throws<ModelException>(() => new SmallRun(Device, settings with { EncoderDropout = 0.2f }).Run(at)).Message;
        Assert.Contains("encoder_dropout was 0.1 of states, 0.1 of attention and is 0.2 of states, 0.2 of attention", message, StringComparison.Ordinal);
        message = Assert.Throws<ModelException>(() => new SmallRun(Device, settings with { Loop = settings.Loop with { Schedule = ScheduleKind.Constant } }).Run(at)).Message;
        Assert.Contains("plateau was factor 0.5", message, StringComparison.Ordinal);
        // What does not change the result may differ: the number of threads.
        Assert.Equal(5, new SmallRun(devices.Get("cpu", 2), settings).Run(at).From);
    }

    [Fact]
    public void A_stop_between_two_epochs_continues_with_the_next_one()
    {
        var run = Make("last");
        string at = folder.File("run");
        using var stop = new CancellationTokenSource();
        // The stop comes while the first epoch's validation is still to be made.
        var stopped = run.Run(at, onStep: done => Cancel(done == SmallRun.StepsPerEpoch, stop), stop: stop.Token);
        Assert.Empty(stopped.Result.Epochs);
        stopped = run.Run(at, stop: stop.Token);
        Assert.Single(stopped.Result.Epochs);
        Assert.Equal(SmallRun.StepsPerEpoch, stopped.Result.StepsDone);
        Assert.Equal(
            ["step-000000004", "step-000000004-epoch-1"], Directory.GetDirectories(Path.Combine(at, "checkpoints")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        AssertSame(run.Run(), run.Run(at));
    }

    public void Dispose() => folder.Dispose();

    internal static void Stop(SmallRun run, string at, int step, int every = 0)
    {
        using var stop = new CancellationTokenSource();
        run.Run(at, every, done => Cancel(done == step, stop), stop.Token);
    }

    private Compute.ComputeDevice Device => devices.Get("cpu", 1);

    private SmallRun Make(string name) => name switch
    {
        "whole" => new SmallRun(Device, SmallRun.Whole),
        "frozen" => new SmallRun(Device, SmallRun.Frozen),
        "last" => new SmallRun(Device, SmallRun.Last),
        _ => new SmallRun(Device, SmallRun.Last, validates: false),
    };

    private static void Cancel(bool now, CancellationTokenSource stop)
    {
        if (now)
            stop.Cancel();
    }

    private static void AssertSame(SmallRun.Outcome expected, SmallRun.Outcome actual)
    {
        Assert.Equal(expected.Parameters.Select(BitConverter.SingleToInt32Bits), actual.Parameters.Select(BitConverter.SingleToInt32Bits));
        Assert.Equal(expected.Epochs, actual.Epochs);
        Assert.Equal((expected.Result.KeptEpoch, expected.Result.StepsDone, false), (actual.Result.KeptEpoch, actual.Result.StepsDone, actual.Result.Stopped));
    }
}
