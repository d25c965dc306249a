using System.Diagnostics;
using System.Globalization;
using System.Text;
using Engine.Benchmarks.SideBySide;
using Engine.Compute;
using Engine.Kernels;

namespace Engine.Benchmarks.Profiling;

/// <summary>Where the time of a training step goes, operation by operation, means of several steps.</summary>
/// <param name="Shape">The model and its batch.</param>
/// <param name="Peaks">What the device gives at most.</param>
/// <param name="Steps">How many steps the means are of.</param>
/// <param name="Wall">The time of a step.</param>
/// <param name="Operations">Every operation's calls, time and work in a step, longest time first.</param>
internal sealed record StepProfile(StepShape Shape, DevicePeaks Peaks, int Steps, TimeSpan Wall, IReadOnlyList<OperationTime> Operations)
{
    private const string Product = "matrix product";

    /// <summary>Operations below this part of a step's time are one row.</summary>
    private const double SmallPart = 0.001;

    /// <summary>Gets the matrix products' part of a step's time.</summary>
    public double ProductPart => Total(Products) / Wall;

    /// <summary>Gets the multiplications and additions a second of all matrix products together.</summary>
    public double ProductRate => Products.Sum(operation => operation.Flops) / Total(Products).TotalSeconds;

    private IEnumerable<OperationTime> Products => Operations.Where(operation => operation.Operation.StartsWith(Product, StringComparison.Ordinal));

    /// <summary>
    /// Measures. Of the steps the faster half counts: what else the machine does makes a step slower, never faster. The device's peaks are measured before and after,
    /// and the higher ones taken, for the same reason.
    /// </summary>
    /// <param name="device">The device; nothing else may run on it.</param>
    /// <param name="shape">The model and its batch.</param>
    /// <param name="folder">A checkpoint of this shape.</param>
    /// <param name="rounds">Steps.</param>
    public static StepProfile Measure(ComputeDevice device, StepShape shape, string folder, int rounds)
    {
        DevicePeaks before = DevicePeaks.Measure(device);
        using EngineModel model = new(device, shape, folder, trains: true);

        // What is compiled, allocated and touched for the first time.
        model.Step();
        model.Step();
        List<(TimeSpan Wall, IReadOnlyList<OperationTime> Operations)> steps = [];
        for (int round = 0; round < rounds; round++)
        {
            LaunchProfile profile = device.StartProfile();
            long start = Stopwatch.GetTimestamp();
            model.Step();
            TimeSpan wall = Stopwatch.GetElapsedTime(start);
            device.StopProfile();
            steps.Add((wall, profile.Operations));
        }
        DevicePeaks after = DevicePeaks.Measure(device);
        (TimeSpan Wall, IReadOnlyList<OperationTime> Operations)[] faster = [.. steps.OrderBy(step => step.Wall).Take((rounds + 1) / 2)];
        return new StepProfile(
            shape,
            new DevicePeaks(Math.Max(before.Flops, after.Flops), Math.Max(before.Bandwidth, after.Bandwidth)),
            faster.Length,
            TimeSpan.FromTicks(faster.Sum(step => step.Wall.Ticks) / faster.Length),
            [.. faster.SelectMany(step => step.Operations).GroupBy(operation => operation.Operation).Select(group => Mean(group, faster.Length)).OrderByDescending(operation => operation.Total)]);
    }

    /// <summary>Makes the table: its rows together are the step, but for the last one, which has all matrix products once more.</summary>
    public string ToMarkdown()
    {
        StringBuilder text = new();
        text.AppendLine(Text(
            $"**{Shape.Title}, {Shape.Batch} x {Shape.Sequence} tokens**: {Wall.TotalMilliseconds:F1} ms a step; measured peaks {Peaks.Flops / 1e9:F0} GFLOP/s and {Peaks.Bandwidth / 1e9:F1} GB/s."));
        text.AppendLine();
        text.AppendLine("| operation | calls | ms | of the step | rate | of the peak |");
        text.AppendLine("|---|---:|---:|---:|---:|---:|");
        foreach (OperationTime operation in Operations.Where(IsShown))
            text.AppendLine(Row(operation.Operation, operation.Calls, operation.Total, operation.Flops, operation.Bytes));
        OperationTime[] small = [.. Operations.Where(operation => !IsShown(operation))];
        text.AppendLine(Row($"{small.Length} others, each below {SmallPart * 100:0.#} %", small.Sum(operation => operation.Calls), Total(small), 0, 0));
        text.AppendLine(Row("between kernels: launches, loss, planning, and what the profile costs", null, Wall - Total(Operations), 0, 0));
        text.AppendLine(Row("*all matrix products*", Products.Sum(operation => operation.Calls), Total(Products), Products.Sum(operation => operation.Flops), 0));
        return text.ToString();
    }

    private static TimeSpan Total(IEnumerable<OperationTime> operations) => TimeSpan.FromTicks(operations.Sum(operation => operation.Total.Ticks));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>The calls of one operation in several steps, as those of one.</summary>
    private static OperationTime Mean(IEnumerable<OperationTime> times, int steps) => new(
        times.First().Operation,
        times.Sum(time => time.Calls) / steps,
        Total(times) / steps,
        times.Sum(time => time.Flops) / steps,
        times.Sum(time => time.Bytes) / steps);

    private bool IsShown(OperationTime operation) => operation.Total / Wall >= SmallPart;

    private string Row(string name, int? calls, TimeSpan time, double flops, double bytes)
    {
        (double rate, bool arithmetic, double share) = Peaks.Rate(flops, bytes, time);
        string speed = rate == 0 ? " | " : Text($"{rate / 1e9:F1} {(arithmetic ? "GFLOP/s" : "GB/s")} | {share * 100:F1} %");
        return Text($"| {name} | {calls} | {time.TotalMilliseconds:F2} | {time / Wall * 100:F1} % | {speed} |");
    }
}
