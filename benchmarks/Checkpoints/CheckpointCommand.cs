using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Engine.Benchmarks.SideBySide;
using Engine.Compute;
using Engine.Model;
using Engine.Model.Training;
using Engine.Model.Training.Runs;

namespace Engine.Benchmarks.Checkpoints;

/// <summary><c>checkpoint</c>: what saving a training run costs, and continuing from what was saved.</summary>
internal static class CheckpointCommand
{
    /// <summary>Rows of the run that the checkpoints claim to be of; their order is hashed.</summary>
    private const int Rows = 7613;

    private const int BytesPerWrite = 1 << 20;

    /// <summary>Makes the command.</summary>
    /// <returns>The command.</returns>
    public static Command Make()
    {
        Option<int> rounds = CommonOptions.Rounds(5);
        rounds.Description = "Checkpoints, of which the median counts.";
        Option<string?> model = new("--model") { Description = $"Only this model: {string.Join(", ", StepShape.Trained.Select(shape => shape.Name))}." };
        model.AcceptOnlyFromAmong([.. StepShape.Trained.Select(shape => shape.Name)]);
        Option<string> folder = new("--folder")
        {
            Description = "A folder on the disk to write to, where a folder of a name of its own is made and removed. The standard one is that of temporary files.",
            DefaultValueFactory = _ => Path.GetTempPath(),
        };
        Command command = new(
            "checkpoint",
            "Saves checkpoints of a training run of MiniLM-L6 and BERT-base with all layers trained, as train does after an epoch: parameters and both moments, written, hashed, flushed to the disk, "
            + "renamed; and continues from each: hashed, read, restored. Prints bytes and seconds, and beside them how long the same disk takes to write and flush as many bytes that nobody "
            + "made. What was just written is read from the system's cache. BERT-base needs 6 GB of the disk.")
        {
            model, folder, rounds,
        };
        command.SetAction(parsed =>
        {
            string disk = parsed.GetValue(folder)!;
            if (!Directory.Exists(disk))
                throw new PeerException($"--folder {disk}: does not exist, and a folder to write checkpoints to was expected");
            Console.WriteLine(Machine.Description);
            foreach (StepShape shape in StepShape.Trained.Where(shape => parsed.GetValue(model) is not { } wanted || wanted == shape.Name))
                Run(shape, disk, parsed.GetValue(rounds));
        });
        return command;
    }

    private static void Run(StepShape shape, string folder, int rounds)
    {
        using RandomCheckpoint weights = new(shape.Configuration);
        using ComputeDevice device = ComputeDevice.Open("cpu");
        using BertModel model = BertModel.Load(
            device, weights.Folder, new HeadOptions(HeadKind.ClsSoftmax, ["0", "1"]), seed: 1, new BatchLimits(shape.Sequence, 1), TrainedPart.All);
        string run = Path.Combine(folder, $"engine-checkpoint-{Guid.NewGuid():N}");
        TrainingSettings settings = new();
        List<double> saves = [];
        List<double> continuations = [];
        List<double> writes = [];
        long bytes = 0;
        Console.WriteLine();
        Console.WriteLine($"{shape.Title}, all layers trained, in {folder}");
        try
        {
            using RunFolder saved = RunFolder.Start(run, new RunRecord(new Dictionary<string, string[]>(), new Dictionary<string, string>()));

            // The first compiles what the later ones run, and the first two find no older one to remove.
            for (int round = -1; round <= rounds; round++)
            {
                TrainingState state = new(round + 2, 1, round + 2, default, 0, [], null);
                double save = Time(() => saved.Save(model, settings, Rows, null, state));
                TrainingCheckpoint? found = null;
                double continuation = Time(() =>
                {
                    found = saved.FindCheckpoint(Console.WriteLine);
                    found!.Restore(model, settings, Rows, [], new BestParameters(model));
                });
                bytes = Directory.GetFiles(found!.Folder).Sum(file => new FileInfo(file).Length);
                double write = Time(() => Write(run + ".bytes", bytes));
                if (round < 1)
                    continue;
                Console.WriteLine(Text($"  {round} of {rounds}: saved in {save:F2} s, continued in {continuation:F2} s, as many bytes written in {write:F2} s"));
                saves.Add(save);
                continuations.Add(continuation);
                writes.Add(write);
            }
        }
        finally
        {
            if (Directory.Exists(run))
                Directory.Delete(run, recursive: true);
            File.Delete(run + ".bytes");
        }

        Console.WriteLine(Text($"{bytes:N0} bytes a checkpoint; medians of {rounds}:"));
        Report("saved: written, hashed, flushed, renamed", saves, bytes);
        Report("continued: hashed, read, restored", continuations, bytes);
        Report("as many bytes written and flushed", writes, bytes);
    }

    private static double Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static void Write(string file, long bytes)
    {
        // Not zeros, of which a disk may keep the number alone.
        byte[] part = new byte[BytesPerWrite];
        new Random(1).NextBytes(part);
        using FileStream stream = new(file, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (long written = 0; written < bytes; written += part.Length)
            stream.Write(part, 0, (int)Math.Min(part.Length, bytes - written));
        stream.Flush(flushToDisk: true);
    }

    private static void Report(string what, List<double> seconds, long bytes)
    {
        double[] sorted = [.. seconds.Order()];
        double median = sorted[sorted.Length / 2];
        Console.WriteLine(Text($"{what,-44}{median,7:F2} s {bytes / median / 1e6,7:F0} MB/s   ({sorted[0]:F2} to {sorted[^1]:F2} s)"));
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
