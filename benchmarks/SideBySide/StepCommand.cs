using System.CommandLine;
using System.Diagnostics;
using Engine.Benchmarks.Report;
using Engine.Compute;

namespace Engine.Benchmarks.SideBySide;

/// <summary><c>side-by-side step</c> and <c>side-by-side forward</c>: whole models against TorchSharp or ONNX Runtime.</summary>
internal static class StepCommand
{
    private const int ProfiledSteps = 3;
    private const string OnnxRuntime = "onnxruntime";
    private const string TorchSharp = "torchsharp";

    /// <summary>Work of one timed turn of forward passes, in floating-point operations: a tenth of a second, against what a question to the peer costs.</summary>
    private const double TurnWork = 2e10;

    /// <summary>How long both run before they are timed: the runtime compiles in the background, on the cores that are measured.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Largest distance of the two sides' last states, relative to their norm. Every product sums at most 3,072 float32 products in an order of its own,
    /// 55 x 6e-8 each; some fifty operations follow one another.
    /// </summary>
    private const double Tolerance = 1e-4;

    private static readonly ReportRow CompiledRow = new("step-compiled", "kernels compiled after the first training step", "-", Wanted.AtMost(0, null, "kernels"));

    /// <summary>Gets what <c>report</c> measures: each shape's training step in a process of its own, as memory is among the figures.</summary>
    public static IReadOnlyList<Measurement> Measurements { get; } =
    [
        .. StepShape.Trained.Select(shape => new Measurement(
            $"step-{shape.Name}",
            $"side-by-side step --only {shape.Name}",
            [SpeedRow(shape, trains: true), MemoryRow(shape), .. shape == StepShape.Trained[0] ? [CompiledRow] : Array.Empty<ReportRow>()])),
        new Measurement("forward", "side-by-side forward", [.. StepShape.Inferred.Select(shape => SpeedRow(shape, trains: false))]),
    ];

    /// <summary>Makes the command for training steps.</summary>
    /// <returns>The command.</returns>
    public static Command MakeStep() => Make(
        "step", "A training step (dropout 0.1, clip 1, AdamW) of MiniLM-L6 16x64 and BERT-base 8x128 against TorchSharp's, and where our time goes.", trains: true);

    /// <summary>Makes the command for forward passes.</summary>
    /// <returns>The command.</returns>
    public static Command MakeForward() => Make(
        "forward",
        "A forward pass of MiniLM-L6 16x64, BERT-base 8x128 and one text of 16 tokens in MiniLM-L6 against ONNX Runtime's with its fused operators, and where our time goes.",
        trains: false);

    private static Command Make(string name, string description, bool trains)
    {
        var shapes = trains ? StepShape.Trained : StepShape.Inferred;
        var threads = CommonOptions.Threads();
        var rounds = CommonOptions.Rounds(7);
        var only = new Option<string?>("--only") { Description = $"Only this model: {string.Join(", ", shapes.Select(shape => shape.Name))}." };
        only.AcceptOnlyFromAmong([.. shapes.Select(shape => shape.Name)]);
        var peer = new Option<string>("--peer")
        {
            Description = "The library to measure against.",
            DefaultValueFactory = _ => trains ? TorchSharp : OnnxRuntime,
        };
        peer.AcceptOnlyFromAmong(trains ? [TorchSharp] : [OnnxRuntime, TorchSharp]);
        var alone = new Option<bool>("--no-peer") { Description = "Measures our side alone." };
        var figures = FigureLog.MakeOption();
        var command = new Command(name, description) { threads, rounds, only, peer, alone, figures };
        FigureLog.RequireWhole(command, figures, peer);
        FigureLog.RequireWhole(command, figures, alone);
        command.SetAction(parsed =>
        {
            Console.WriteLine(Machine.Description);
            foreach (var shape in shapes.Where(shape => parsed.GetValue(only) is not { } wanted || wanted == shape.Name))
            {
                Run(
                    shape,
                    trains,
                    parsed.GetValue(threads),
                    parsed.GetValue(rounds),
                    parsed.GetValue(alone) ? null : parsed.GetValue(peer),
                    new FigureLog(parsed.GetValue(figures)));
            }
        });
        return command;
    }

    private static ReportRow SpeedRow(StepShape shape, bool trains) => new(
        $"{(trains ? "step" : "forward")}-{shape.Name}",
        shape.Batch == 1
            ? $"{(trains ? "training step" : "forward pass")} of {shape.Title}, one text of {shape.Sequence} tokens"
            : $"{(trains ? "training step" : "forward pass")} of {shape.Title}, {shape.Batch} x {shape.Sequence} tokens",
        trains ? "TorchSharp" : "ONNX Runtime",
        !trains ? Wanted.AtLeast(0.9, 1.15, "x") : shape.Layers == 6 ? Wanted.AtLeast(1.25, 1.5, "x") : Wanted.AtLeast(1.15, 1.35, "x"));

    private static ReportRow MemoryRow(StepShape shape) => new(
        $"memory-{shape.Name}",
        $"peak memory of the process that trains {shape.Title}, {shape.Batch} x {shape.Sequence}",
        "TorchSharp",
        shape.Layers == 12 ? Wanted.AtMost(2.8, 2.4, "GB") : null);

    private static void Run(StepShape shape, bool trains, int threads, int rounds, string? library, FigureLog figures)
    {
        using var checkpoint = new RandomCheckpoint(shape.Configuration);
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        using var ours = new EngineModel(device, shape, checkpoint.Folder, trains);
        using var peer = library switch
        {
            null => null,
            OnnxRuntime => PeerProcess.StartOnnxRuntime(shape, checkpoint.Folder, threads),
            _ => PeerProcess.StartTorchSharp(shape, threads),
        };
        var work = shape.FloatingPointOperations / (trains ? 1 : 3);
        var calls = trains ? 1 : Math.Max(1, (int)(TurnWork / work));
        Action ourWork = trains ? ours.Step : ours.Forward;
        Action ourTurn = () =>
        {
            for (var call = 0; call < calls; call++)
                ourWork();
        };
        Action peerTurn = peer is null ? () => { } : trains ? peer.Step : () => peer.Forward(calls);
        Console.WriteLine();
        Console.WriteLine(
            $"{shape.Name}: {(trains ? "training step" : "forward pass")}, {shape.Batch} x {shape.Sequence} tokens, {shape.Layers} layers, hidden {shape.Hidden}, float32");
        Console.WriteLine($"ours: {device.Name}");
        if (peer is not null)
            Console.WriteLine($"peer: {peer.Name}, {threads} threads");

        // What is compiled, allocated and touched for the first time; and then for a while what the runtime found to run often and compiles once more.
        ourWork();
        var compiled = device.CompiledKernels;
        var clock = Stopwatch.StartNew();
        do
        {
            ourTurn();
            peerTurn();
            peerTurn();
        }
        while (clock.Elapsed < Settling);
        if (library == OnnxRuntime)
            Results.RequireEqual($"{shape.Name}, last states", ours.States(), peer!.States(), Tolerance);
        var alternation = new Alternation(ourTurn, peerTurn);
        for (var round = 0; round < rounds; round++)
            alternation.Turn();
        var (ourSeconds, peerSeconds) = alternation.Medians;
        var memory = Machine.PeakMemory;
        var peerMemory = peer?.PeakMemory() ?? 0;
        Show("ours", ourSeconds / calls, work, memory);
        if (peer is not null)
        {
            Show("peer", peerSeconds / calls, work, peerMemory);
            Console.WriteLine($"{"speed of ours / peer",-40}{peerSeconds / ourSeconds,8:F2}");
        }

        // Other lengths: nothing may depend on the number of tokens.
        if (trains)
            ours.Step(shape.MakeBatch(seed: 2, ragged: true));
        Console.WriteLine($"{"kernels compiled at the first call",-40}{compiled,8}");
        Console.WriteLine($"{"kernels compiled after it",-40}{device.CompiledKernels - compiled,8}");
        Console.WriteLine($"{"device memory planned",-40}{ours.PlannedMemory >> 20,8} MiB");
        KernelProfile.Show(device, ourWork, ProfiledSteps);
        if (library != (trains ? TorchSharp : OnnxRuntime))
            return;
        Console.WriteLine();
        figures.Add(
            SpeedRow(shape, trains),
            peerSeconds / ourSeconds,
            $"{FigureLog.Speed(peerSeconds / ourSeconds)}: {Milliseconds(ourSeconds / calls)} ms to {Milliseconds(peerSeconds / calls)}",
            peer!.Name);
        if (!trains)
            return;
        figures.Add(MemoryRow(shape), memory / 1e9, $"{memory / 1e9:F2} GB to {peerMemory / 1e9:F2}", peer.Name);
        if (shape == StepShape.Trained[0] && device.CompiledKernels - compiled is { } later)
            figures.Add(CompiledRow, later, $"{later}");
    }

    private static string Milliseconds(double seconds) => (seconds * 1e3).ToString(seconds < 0.1 ? "G3" : "F0", System.Globalization.CultureInfo.InvariantCulture);

    private static void Show(string side, double seconds, double work, long memory) =>
        Console.WriteLine($"{side + ", median",-40}{seconds * 1e3,8:F2} ms {work / seconds / 1e9,8:F0} GFLOP/s, peak memory of the process {memory >> 20} MiB");
}
