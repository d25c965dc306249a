using Engine.Model.Tests.Data;
using Engine.Model.Training.Runs;
using Xunit;

namespace Engine.Model.Tests.Training.Runs;

/// <summary>What a run's folder holds, who may use it, and what happens to files that were cut or altered.</summary>
[Collection(ModelDevices.Collection)]
public sealed class RunFolderTests(ModelDevices devices) : IDisposable
{
    private static readonly RunRecord Record = new(
        new Dictionary<string, string[]> { ["--epochs"] = ["3"], ["--freeze"] = [] }, new Dictionary<string, string> { ["seed"] = "1", ["labels"] = "\"é\", \"\u2028<\"" });

    private readonly TemporaryFolder folder = new();

    [Fact]
    public void A_damaged_checkpoint_is_named_and_the_one_before_is_used()
    {
        var run = new SmallRun(devices.Get("cpu", 1), SmallRun.Frozen);
        string at = folder.File("run");
        ContinuedRunTests.Stop(run, at, 7, every: 2);
        string[] saved = Checkpoints(at);
        Assert.Equal(["step-000000006", "step-000000007"], saved.Select(Path.GetFileName));
        // Negative: the file is cut at this part of its length, in hundredths; else the byte at this part is changed.
        (string File, int Part)[] damages =
        [
            ("state.safetensors", -99), ("state.safetensors", -50), ("state.safetensors", -1), ("state.safetensors", 0), ("state.safetensors", 50), ("state.safetensors", 99),
            ("checkpoint.json", -99), ("checkpoint.json", -50), ("checkpoint.json", 5), ("checkpoint.json", 50), ("checkpoint.json", 97),
        ];
        foreach (var (file, part) in damages)
        {
            string damaged = Path.Combine(saved[1], file);
            byte[] intact = File.ReadAllBytes(damaged);
            byte[] other = File.ReadAllBytes(Path.Combine(saved[1], file == "checkpoint.json" ? "state.safetensors" : "checkpoint.json"));
            Damage(damaged, part);
            List<string> messages = [];
            using (RunFolder found = RunFolder.Continue(at))
                Assert.Equal(6, found.FindCheckpoint(messages.Add)!.Step);
            string message = Assert.Single(messages);
            Assert.Contains(Path.Combine("step-000000007", file), message, StringComparison.Ordinal);
            Assert.Contains("the checkpoint of step 6 is used", message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', message);
            Assert.Equal([saved[0]], Checkpoints(at));
            Directory.CreateDirectory(saved[1]);
            File.WriteAllBytes(damaged, intact);
            File.WriteAllBytes(Path.Combine(saved[1], file == "checkpoint.json" ? "state.safetensors" : "checkpoint.json"), other);
        }
        Damage(Path.Combine(saved[1], "state.safetensors"), 50);
        var continued = run.Run(at, onDamaged: _ => { });
        Assert.Equal(6, continued.From);
        Assert.Equal(run.Run().Parameters, continued.Parameters);
    }

    [Fact]
    public void Without_an_intact_checkpoint_nothing_is_done_and_nothing_removed()
    {
        var run = new SmallRun(devices.Get("cpu", 1), SmallRun.Frozen);
        string at = folder.File("run");
        ContinuedRunTests.Stop(run, at, 7, every: 2);
        string[] saved = Checkpoints(at);
        Damage(Path.Combine(saved[1], "state.safetensors"), 50);
        File.Delete(Path.Combine(saved[0], "state.safetensors"));
        string message = Assert.Throws<ModelException>(() => run.Run(at)).Message;
        Assert.Contains("no checkpoint of the run is intact", message, StringComparison.Ordinal);
        Assert.Contains("step-000000006", message, StringComparison.Ordinal);
        Assert.Contains("step-000000007", message, StringComparison.Ordinal);
        Assert.Equal(saved, Checkpoints(at));
        Damage(Path.Combine(at, "checkpoints", "run.json"), 20);
        Assert.Contains("run.json", Assert.Throws<ModelException>(() => run.Run(at)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_run_at_a_time()
    {
        string at = folder.File("above/run");
        using (RunFolder first = RunFolder.Start(at, Record))
        {
            // The second attempt must not take the first one's lock away with its own.
            for (int attempt = 0; attempt < 3; attempt++)
            {
                Assert.Contains("another process trains", Assert.Throws<ModelException>(() => RunFolder.Continue(at)).Message, StringComparison.Ordinal);
                Assert.Contains("another process trains", Assert.Throws<ModelException>(() => RunFolder.Start(at, Record)).Message, StringComparison.Ordinal);
            }
            first.Complete(temporary => File.WriteAllText(Path.Combine(temporary, "result.txt"), "x"), isFinished: false);
        }
        using (RunFolder second = RunFolder.Continue(at))
        {
            Assert.Equal(Record.Settings, second.Record.Settings);
            Assert.Equal(["3"], second.Record.Options["--epochs"]);
            Assert.Empty(second.Record.Options["--freeze"]);
            second.Complete(_ => { }, isFinished: true);
        }
        Assert.Equal([Path.Combine(at, "result.txt")], Directory.GetFileSystemEntries(at));
        Assert.Contains("holds no run", Assert.Throws<ModelException>(() => RunFolder.Continue(at)).Message, StringComparison.Ordinal);
        Assert.Contains("is not empty", Assert.Throws<ModelException>(() => RunFolder.Start(at, Record)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_saved_nothing_leaves_nothing()
    {
        using (RunFolder.Start(folder.File("above/over/run"), Record))
            Assert.True(Directory.Exists(folder.File("above/over/run/checkpoints")));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
        Directory.CreateDirectory(folder.File("empty"));
        using (RunFolder.Start(folder.File("empty"), Record))
            Assert.True(File.Exists(folder.File("empty/train.lock")));
        Assert.Empty(Directory.GetFileSystemEntries(folder.File("empty")));
    }

    [Fact]
    public void Results_that_cannot_be_written_leave_the_checkpoints()
    {
        string at = folder.File("run");
        using RunFolder run = RunFolder.Start(at, Record);
        string message = Assert.Throws<ModelException>(
            () => run.Complete(_ => throw new ModelException("x: cannot be written", new IOException("No space left on device : '/x'")), isFinished: true)).Message;
        Assert.Contains("No space left on device)", message, StringComparison.Ordinal);
        Assert.Contains($"--resume {at}", message, StringComparison.Ordinal);
        Assert.True(RunFolder.IsUnfinished(at));
        Assert.Equal(["checkpoints", "train.lock"], Directory.GetFileSystemEntries(at).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void What_a_kill_leaves_is_removed_by_the_next_run()
    {
        string at = folder.File("run");
        // Killed before the run's record was there: a new run may begin.
        Directory.CreateDirectory(Path.Combine(at, "checkpoints.1.tmp"));
        File.WriteAllText(Path.Combine(at, "train.lock"), "");
        Assert.True(RunFolder.IsFree(at));
        using (RunFolder run = RunFolder.Start(at, Record))
            run.Complete(_ => { }, isFinished: false);
        // Killed within a checkpoint, and within the results.
        Directory.CreateDirectory(Path.Combine(at, "checkpoints", "step-000000001.1.tmp"));
        Directory.CreateDirectory(Path.Combine(at, "results.1.tmp"));
        using (RunFolder run = RunFolder.Continue(at))
            Assert.Null(run.FindCheckpoint(_ => { }));
        Assert.Equal(["run.json"], Directory.GetFileSystemEntries(Path.Combine(at, "checkpoints")).Select(Path.GetFileName));
        Assert.Equal(["checkpoints"], Directory.GetFileSystemEntries(at).Select(Path.GetFileName));
    }

    public void Dispose() => folder.Dispose();

    private static string[] Checkpoints(string at) => [.. Directory.GetDirectories(Path.Combine(at, "checkpoints")).Order(StringComparer.Ordinal)];

    private static void Damage(string file, int part)
    {
        byte[] bytes = File.ReadAllBytes(file);
        if (part < 0)
            bytes = bytes[..(bytes.Length * -part / 100)];
        else
            bytes[bytes.Length * part / 100] ^= 1;
        File.WriteAllBytes(file, bytes);
    }
}
