using System.CommandLine;
using System.Diagnostics;
using Engine.Benchmarks.Report;
using Engine.Benchmarks.SideBySide;
using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Benchmarks.Launches;

/// <summary><c>launch</c>: what a launch costs beside the kernel's own work: an empty kernel of two groups, launched and waited for.</summary>
internal static class LaunchCommand
{
    private const int Groups = 2;
    private const int WarmUp = 2000;

    /// <summary>How long the device rests before each launch, and how many launches are timed: as many as take a few seconds.</summary>
    private static readonly (string Name, TimeSpan Pause, int Launches)[] Series =
    [
        ("back to back", TimeSpan.Zero, 100_000),
        ("after 1 ms of rest", TimeSpan.FromMilliseconds(1), 2000),
        ("after 100 ms of rest", TimeSpan.FromMilliseconds(100), 50),
    ];

    private static readonly ReportRow Row = new(
        "launch", "launch and `Synchronize` of a loaded empty kernel, two groups, median", "-", Wanted.AtMost(10, 3, "us"));

    /// <summary>Gets what <c>report</c> measures.</summary>
    public static Measurement Measurement { get; } = new("launch", "launch", Row) { TakesRounds = false };

    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        Option<string> device = new("--device") { Description = "Device to launch on.", DefaultValueFactory = _ => "cpu" };
        Option<int> threads = CommonOptions.Threads();
        Option<string?> figures = FigureLog.MakeOption();
        Command command = new(
            "launch",
            "Times a launch and Synchronize of a loaded empty kernel of two groups: back to back, and after pauses of 1 and 100 ms, in which the device's threads fall asleep. "
            + "Median and 95th percentile; each launch is timed by itself.")
        {
            device, threads, figures,
        };
        FigureLog.RequireWhole(command, figures, device);
        command.SetAction(parsed =>
        {
            using ComputeDevice opened = ComputeDevice.Open(parsed.GetValue(device)!, new ComputeDeviceOptions { Threads = parsed.GetValue(threads) });
            Console.WriteLine(Machine.Description);
            Console.WriteLine($"device: {opened.Name}");
            Run(opened, new FigureLog(parsed.GetValue(figures)));
        });
        return command;
    }

    private static void Run(ComputeDevice device, FigureLog figures)
    {
        Action<KernelConfig, int> launch = device.Accelerator.LoadStreamKernel<int>(Empty);
        KernelConfig groups = new(Groups, device.Tiles.RowGroupSize);
        Console.WriteLine($"{Groups} groups of {device.Tiles.RowGroupSize} threads");
        Console.WriteLine();
        Console.WriteLine($"{"",-24}{"launches",10}{"median us",12}{"95 % us",12}");
        List<string> results = [];
        double first = 0;
        foreach ((string name, TimeSpan pause, int launches) in Series)
        {
            double[] times = Measure(device, launch, groups, pause, launches);
            (double median, double high) = (times[times.Length / 2], times[times.Length * 95 / 100]);
            Console.WriteLine($"{name,-24}{launches,10:N0}{median,12:F2}{high,12:F2}");
            results.Add($"{name} {median:F1} us (95 % within {high:F1})");
            first = results.Count == 1 ? median : first;
        }
        Console.WriteLine();
        figures.Add(Row, first, string.Join(", ", results));
    }

    /// <summary>Returns the microseconds of each launch, in ascending order.</summary>
    private static double[] Measure(ComputeDevice device, Action<KernelConfig, int> launch, KernelConfig groups, TimeSpan pause, int launches)
    {
        for (int i = 0; i < WarmUp; i++)
        {
            launch(groups, 0);
            device.Synchronize();
        }
        double[] times = new double[launches];
        for (int i = 0; i < launches; i++)
        {
            if (pause > TimeSpan.Zero)
                Thread.Sleep(pause);
            long start = Stopwatch.GetTimestamp();
            launch(groups, 0);
            device.Synchronize();
            times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }
        Array.Sort(times);
        return times;
    }

    /// <summary>The kernel, explicitly grouped as all of this project's. ILGPU loads none without an argument.</summary>
    private static void Empty(int argument)
    {
    }
}
