using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Engine.Benchmarks.Report;
using Engine.Benchmarks.SideBySide;
using Engine.Compute;
using Engine.Kernels;

namespace Engine.Benchmarks.Scaling;

/// <summary><c>scaling</c>: one thread against several, in turns, for what the device gives at most, matrix products and training steps.</summary>
internal static class ScalingCommand
{
    private const string Peaks = "peaks";
    private const string Products = "gemm";
    private const int ProfiledSteps = 2;

    /// <summary>Kernels below this part of a step's time are one row.</summary>
    private const double SmallPart = 0.01;

    private static readonly ReportRow ProductRow = new(
        "scaling-gemm", "speed of two threads against one: BERT's 108 matrix products, geometric mean", "-", Wanted.AtLeast(1.85, null, "x"));

    private static readonly IReadOnlyList<ReportRow> StepRows =
    [
        .. StepShape.Trained.Select(shape => new ReportRow(
            $"scaling-step-{shape.Name}", $"the same: training step of {shape.Title}, {shape.Batch} x {shape.Sequence} tokens", "-", Wanted.AtLeast(1.8, null, "x"))),
    ];

    /// <summary>Gets what <c>report</c> measures.</summary>
    public static Measurement Measurement { get; } = new("scaling", "scaling", [ProductRow, .. StepRows]);

    /// <summary>Makes the command.</summary>
    /// <returns>The command.</returns>
    public static Command Make()
    {
        Option<int> threads = CommonOptions.Threads();
        threads.Description = "The most threads: 1, 2, 4, ... up to this many are measured.";
        Option<int> rounds = CommonOptions.Rounds(5);
        string[] parts = [Peaks, Products, .. StepShape.Trained.Select(shape => shape.Name)];
        Option<string?> only = new("--only") { Description = $"Only this: {string.Join(", ", parts)}." };
        only.AcceptOnlyFromAmong(parts);
        Option<string?> figures = FigureLog.MakeOption();
        Command command = new(
            "scaling",
            "How much faster several threads are than one, measured in turns: what the device gives at most (arithmetic, memory), which no kernel can exceed, BERT's 108 matrix products, and "
            + "training steps of MiniLM-L6 16x64 and BERT-base 8x128, kernel by kernel. Two processors that are threads of one core share its units: lscpu says whether yours do, unless "
            + "a virtual machine hides it; then the arithmetic peak of two threads is that of one.")
        {
            threads, rounds, only, figures,
        };
        FigureLog.RequireWhole(command, figures, only);
        FigureLog.RequireWhole(command, figures, threads);
        command.SetAction(parsed => Run(CountsUpTo(parsed.GetValue(threads)), parsed.GetValue(rounds), parsed.GetValue(only), new FigureLog(parsed.GetValue(figures))));
        return command;
    }

    private static void Run(int[] counts, int rounds, string? only, FigureLog figures)
    {
        Console.WriteLine(Machine.Description);
        if (counts.Length == 1)
        {
            Console.WriteLine("skipped: one thread alone; expected a machine with two processors or more");
            figures.NotMeasured(Measurement.Rows, "the machine has one processor");
            return;
        }

        ComputeDevice[] devices = [.. counts.Select(count => ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = count }))];
        try
        {
            Console.WriteLine($"devices: {string.Join(", ", devices.Select(device => device.Name))}; medians of {rounds} rounds");
            if (only is null or Peaks)
                MeasurePeaks(devices, counts);
            if (only is null or Products)
                MeasureProducts(devices, counts, rounds, figures);
            foreach ((StepShape shape, ReportRow row) in StepShape.Trained.Zip(StepRows).Where(step => only is null || only == step.First.Name))
                MeasureSteps(shape, row, devices, counts, rounds, figures);
        }
        finally
        {
            foreach (ComputeDevice device in devices)
                device.Dispose();
        }
    }

    private static void MeasurePeaks(ComputeDevice[] devices, int[] counts)
    {
        // Best of many short rounds, not a median: see DevicePeaks.
        DevicePeaks[] peaks = [.. devices.Select(DevicePeaks.Measure)];
        MarkdownTable table = Table("what the device gives at most", counts);
        table.Row(["arithmetic in registers, GFLOP/s", .. Rates(peaks.Select(peak => peak.Flops / 1e9))]);
        table.Row(["memory, GB/s", .. Rates(peaks.Select(peak => peak.Bandwidth / 1e9))]);
    }

    private static void MeasureProducts(ComputeDevice[] devices, int[] counts, int rounds, FigureLog figures)
    {
        BertProduct[] shapes = [.. BertProduct.OfBert()];
        DeviceProducts[] products = [.. devices.Select(device => new DeviceProducts(device, shapes))];
        try
        {
            Turns[] turns =
            [
                .. shapes.Select(shape => new Turns([.. products.Select(product => (Action)(() => product.Run(shape)))])
                {
                    WarmUp = 2,
                    Calls = DeviceProducts.CallsOfTurn(shape),
                }),
            ];
            // The first call compiles.
            foreach (BertProduct shape in shapes)
                Array.ForEach(products, product => product.Run(shape));
            for (int round = 0; round < rounds; round++)
                Array.ForEach(turns, turn => turn.Turn());

            (BertProduct Shape, double[] Rates)[] rates = [.. shapes.Zip(turns, (shape, turn) => (shape, turn.Medians.Select(time => shape.FloatingPointOperations / time / 1e9).ToArray()))];
            MarkdownTable table = Table("matrix products, GFLOP/s, geometric means", counts);
            foreach (var group in rates.GroupBy(entry => (entry.Shape.Form, entry.Shape.Tokens)))
                table.Row([$"{group.Key.Form}, {group.Key.Tokens} tokens", .. Means(group)]);
            foreach (var form in rates.GroupBy(entry => entry.Shape.Form))
                table.Row([$"{form.Key}", .. Means(form)]);
            table.Row([$"all {rates.Length}", .. Means(rates)]);
            for (int i = 1; i < counts.Length; i++)
            {
                (BertProduct shape, double[] values) = rates.MinBy(entry => entry.Rates[i] / entry.Rates[0]);
                Console.WriteLine(Text($"worst with {counts[i]} threads: {values[i] / values[0]:F2} x, {shape.Name}"));
            }

            double speed = Mean(rates.Select(entry => entry.Rates[1] / entry.Rates[0]));
            figures.Add(ProductRow, speed, Text($"{speed:F2} x"));
        }
        finally
        {
            Array.ForEach(products, product => product.Dispose());
        }

        IEnumerable<string> Means(IEnumerable<(BertProduct Shape, double[] Rates)> entries) =>
            Rates(Enumerable.Range(0, counts.Length).Select(i => Mean(entries.Select(entry => entry.Rates[i]))));
    }

    private static void MeasureSteps(StepShape shape, ReportRow row, ComputeDevice[] devices, int[] counts, int rounds, FigureLog figures)
    {
        using RandomCheckpoint checkpoint = new(shape.Configuration);
        EngineModel[] models = [.. devices.Select(device => new EngineModel(device, shape, checkpoint.Folder, trains: true))];
        try
        {
            Turns turns = new([.. models.Select(model => (Action)model.Step)]);
            Array.ForEach(models, model => model.Step());
            for (int round = 0; round < rounds; round++)
                turns.Turn();
            (LaunchProfile Launches, double Step)[] profiles = [.. devices.Zip(models, (device, model) => Profile(device, model.Step))];
            MarkdownTable table = Table($"training step of {shape.Title}, {shape.Batch} x {shape.Sequence} tokens, ms", counts);
            table.Row(["whole step", .. Times(turns.Medians)]);
            double[] rest = [.. profiles.Select(profile => profile.Step)];
            double[] small = new double[counts.Length];
            foreach (KernelTime kernel in profiles[0].Launches.Kernels)
            {
                double[] seconds = [.. profiles.Select(profile => profile.Launches.Kernels.Single(other => other.Kernel == kernel.Kernel).Total.TotalSeconds / ProfiledSteps)];
                bool isSmall = seconds[0] < SmallPart * turns.Medians[0];
                if (!isSmall)
                    table.Row([kernel.Kernel, .. Times(seconds)]);
                for (int i = 0; i < counts.Length; i++)
                {
                    rest[i] -= seconds[i];
                    small[i] += isSmall ? seconds[i] : 0;
                }
            }

            table.Row(["other kernels", .. Times(small)]);
            table.Row(["between kernels: launches, copies, loss", .. Times(rest)]);
            double speed = turns.Medians[0] / turns.Medians[1];
            figures.Add(row, speed, Text($"{speed:F2} x: {turns.Medians[0] * 1e3:N0} and {turns.Medians[1] * 1e3:N0} ms"));
        }
        finally
        {
            Array.ForEach(models, model => model.Dispose());
        }
    }

    private static (LaunchProfile Launches, double Step) Profile(ComputeDevice device, Action step)
    {
        LaunchProfile profile = device.StartProfile();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < ProfiledSteps; i++)
            step();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds / ProfiledSteps;
        device.StopProfile();
        return (profile, seconds);
    }

    private static MarkdownTable Table(string title, int[] counts)
    {
        Console.WriteLine();
        return new MarkdownTable(
            60, [title, .. counts.Select(count => count == 1 ? "1 thread" : $"{count} threads"), .. counts.Skip(1).Select(count => $"{count} against 1")]);
    }

    private static IEnumerable<string> Rates(IEnumerable<double> rates) =>
        [.. rates.Select(rate => Text($"{rate:F1}")), .. rates.Skip(1).Select(rate => Text($"{rate / rates.First():F2}"))];

    private static IEnumerable<string> Times(IEnumerable<double> seconds) =>
        [.. seconds.Select(time => Text($"{time * 1e3:F1}")), .. seconds.Skip(1).Select(time => Text($"{seconds.First() / time:F2}"))];

    private static double Mean(IEnumerable<double> values) => Math.Exp(values.Average(Math.Log));

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static int[] CountsUpTo(int most)
    {
        List<int> counts = [];
        for (int count = 1; count < most; count *= 2)
            counts.Add(count);
        return [.. counts, most];
    }
}
