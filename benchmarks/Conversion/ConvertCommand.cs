using System.CommandLine;
using Engine.Benchmarks.Report;
using Engine.Benchmarks.SideBySide;

namespace Engine.Benchmarks.Conversion;

/// <summary><c>convert</c>: the conversion of a checkpoint of BERT-Large's size by one thread, beside <c>memcpy</c> of as many bytes.</summary>
internal static class ConvertCommand
{
    private const string MemoryFolder = "/dev/shm";
    private const long NeededBytes = 3L << 30;
    private const double WantedSpeed = 400e6;
    private const long AllowedMemory = 400_000_000;

    private static readonly ReportRow SpeedRow = new(
        "convert", "conversion of a checkpoint of BERT-Large's size, 1.3 GB, one thread, in memory", "-", Wanted.AtLeast(WantedSpeed / 1e6, null, "MB/s"));

    private static readonly ReportRow MemoryRow = new("convert-memory", "its memory", "-", Wanted.AtMost(AllowedMemory / 1e6, null, "MB"));

    /// <summary>Gets what <c>report</c> measures.</summary>
    public static Measurement Measurement { get; } = new("convert", "convert", SpeedRow, MemoryRow);

    /// <summary>Makes the command.</summary>
    /// <returns>The command.</returns>
    public static Command Make()
    {
        var rounds = CommonOptions.Rounds(3);
        var folder = new Option<string>("--folder")
        {
            Description = "Where source and target are written: 2.7 GB. A folder in memory, so that no disk is measured.",
            DefaultValueFactory = _ => Directory.Exists(MemoryFolder) ? MemoryFolder : Path.GetTempPath(),
        };
        var figures = FigureLog.MakeOption();
        var command = new Command(
            "convert", "Converts a random checkpoint of BERT-Large's size (1.3 GB, float32) by one thread, each time in a new process, beside memcpy: "
            + $"at least {WantedSpeed / 1e6:F0} MB/s, by the clock and by processor time, and at most {AllowedMemory / 1_000_000} MB of memory are wanted.")
        {
            rounds, folder, figures,
        };
        command.SetAction(parsed => Run(parsed.GetValue(folder)!, parsed.GetValue(rounds), new FigureLog(parsed.GetValue(figures))));
        return command;
    }

    private static int Run(string folder, int rounds, FigureLog figures)
    {
        var room = new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;
        if (room < NeededBytes)
            throw new PeerException($"{folder}: has room for {room >> 20} MiB, expected {NeededBytes >> 20}; give another with --folder");
        Console.WriteLine(Machine.Description);
        var results = new List<(double Speed, double ProcessorSpeed, long Memory)>();
        foreach (var (layout, write) in new (string, Func<string, SyntheticCheckpoint>)[]
        {
            ("Google's release", SyntheticCheckpoint.WriteFirstRelease), ("TF-Hub SavedModel", SyntheticCheckpoint.WriteHub),
        })
        {
            using var source = write(folder);
            Console.WriteLine();
            Console.WriteLine($"BERT-Large as {layout}: {source.ByteCount / 1e6:F0} MB in {folder}, converted by one thread");
            var runs = Enumerable.Range(0, rounds).Select(_ => ConversionRun.Start(source)).ToList();
            results.Add(Show(runs, source.ByteCount));
        }

        var speeds = results.SelectMany(result => new[] { result.Speed, result.ProcessorSpeed }).ToList();
        var memory = results.Max(result => result.Memory);
        Console.WriteLine();
        figures.Add(SpeedRow, speeds.Min() / 1e6, $"{speeds.Min() / 1e6:F0} to {speeds.Max() / 1e6:F0} MB/s");
        figures.Add(MemoryRow, memory / 1e6, $"{memory / 1e6:F0} MB");
        return speeds.Min() >= WantedSpeed && memory <= AllowedMemory ? 0 : 1;
    }

    private static (double Speed, double ProcessorSpeed, long Memory) Show(IReadOnlyList<ConversionRun> runs, long bytes)
    {
        var speed = bytes / Median(runs.Select(run => run.Seconds));
        var processorSpeed = bytes / Median(runs.Select(run => run.ProcessorSeconds));
        var copySpeed = bytes / Median(runs.Select(run => run.CopySeconds));
        var memory = runs.Max(run => run.PeakMemory);
        Console.WriteLine($"{"conversion, median",-40}{speed / 1e6,8:F0} MB/s  {Verdict(speed)}");
        Console.WriteLine($"{"the same by processor time",-40}{processorSpeed / 1e6,8:F0} MB/s  {Verdict(processorSpeed)}");
        Console.WriteLine($"{"memcpy of as many bytes, median",-40}{copySpeed / 1e6,8:F0} MB/s");
        Console.WriteLine($"{"conversion / memcpy",-40}{speed / copySpeed,8:F2}");
        Console.WriteLine(
            $"{"peak memory of the process",-40}{memory / 1e6,8:F0} MB    ({(memory <= AllowedMemory ? "at most" : "above")} {AllowedMemory / 1_000_000})");
        return (speed, processorSpeed, memory);
    }

    private static string Verdict(double speed) => $"({(speed >= WantedSpeed ? "at least" : "below")} {WantedSpeed / 1e6:F0})";

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
