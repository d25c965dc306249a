using System.CommandLine;
using Engine.Compute;

namespace Engine.Benchmarks.SideBySide;

/// <summary><c>side-by-side step</c> and <c>side-by-side forward</c>: whole models against TorchSharp.</summary>
internal static class StepCommand
{
    private const int ProfiledSteps = 3;

    /// <summary>Makes the command for training steps.</summary>
    /// <returns>The command.</returns>
    public static Command MakeStep() => Make(
        "step", "A training step (dropout 0.1, clip 1, AdamW) of MiniLM-L6 16x64 and BERT-base 8x128 against TorchSharp's, and where our time goes.", trains: true);

    /// <summary>Makes the command for forward passes.</summary>
    /// <returns>The command.</returns>
    public static Command MakeForward() => Make(
        "forward", "A forward pass of MiniLM-L6 16x64 and BERT-base 8x128 against TorchSharp's, and where our time goes.", trains: false);

    private static Command Make(string name, string description, bool trains)
    {
        var threads = CommonOptions.Threads();
        var rounds = CommonOptions.Rounds(7);
        var only = new Option<string?>("--only") { Description = "Only this model: minilm or bert-base." };
        only.AcceptOnlyFromAmong([.. StepShape.All.Select(shape => shape.Name)]);
        var alone = new Option<bool>("--no-peer") { Description = "Measures our side alone." };
        var command = new Command(name, description) { threads, rounds, only, alone };
        command.SetAction(parsed =>
        {
            Console.WriteLine(Machine.Description);
            foreach (var shape in StepShape.All.Where(shape => parsed.GetValue(only) is not { } wanted || wanted == shape.Name))
                Run(shape, trains, parsed.GetValue(threads), parsed.GetValue(rounds), !parsed.GetValue(alone));
        });
        return command;
    }

    private static void Run(StepShape shape, bool trains, int threads, int rounds, bool withPeer)
    {
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        using var ours = new EngineModel(device, shape, trains);
        using var peer = withPeer ? TorchSharpPeer.Start(shape, threads) : null;
        Action ourWork = trains ? ours.Step : ours.Forward;
        Action peerWork = peer is null ? () => { } : trains ? peer.Step : peer.Forward;
        Console.WriteLine();
        Console.WriteLine(
            $"{shape.Name}: {(trains ? "training step" : "forward pass")}, {shape.Batch} x {shape.Sequence} tokens, {shape.Layers} layers, hidden {shape.Hidden}, float32");
        Console.WriteLine($"ours: {device.Name}");
        if (peer is not null)
            Console.WriteLine($"peer: TorchSharp, libtorch {peer.Version}, {threads} threads");

        // The first two of each: what is compiled, allocated and touched for the first time.
        ourWork();
        var compiled = device.CompiledKernels;
        ourWork();
        peerWork();
        peerWork();
        var alternation = new Alternation(ourWork, peerWork);
        for (var round = 0; round < rounds; round++)
            alternation.Turn();
        var (ourSeconds, peerSeconds) = alternation.Medians;
        var work = shape.FloatingPointOperations / (trains ? 1 : 3);
        Report("ours", ourSeconds, work, Machine.PeakMemory);
        if (peer is not null)
        {
            Report("peer", peerSeconds, work, peer.PeakMemory());
            Console.WriteLine($"{"speed of ours / peer",-40}{peerSeconds / ourSeconds,8:F2}");
        }

        // Other lengths: nothing may depend on the number of tokens.
        if (trains)
            ours.Step(shape.MakeBatch(seed: 2, ragged: true));
        Console.WriteLine($"{"kernels compiled at the first call",-40}{compiled,8}");
        Console.WriteLine($"{"kernels compiled after it",-40}{device.CompiledKernels - compiled,8}");
        Console.WriteLine($"{"device memory planned",-40}{ours.PlannedMemory >> 20,8} MiB");
        Profile(device, ourWork);
    }

    private static void Report(string side, double seconds, double work, long memory) =>
        Console.WriteLine($"{side + ", median",-40}{seconds * 1e3,8:F1} ms {work / seconds / 1e9,8:F0} GFLOP/s, peak memory of the process {memory >> 20} MiB");

    private static void Profile(ComputeDevice device, Action work)
    {
        var profile = device.StartProfile();
        var start = System.Diagnostics.Stopwatch.GetTimestamp();
        for (var step = 0; step < ProfiledSteps; step++)
            work();
        var total = System.Diagnostics.Stopwatch.GetElapsedTime(start);
        device.StopProfile();
        Console.WriteLine();
        Console.WriteLine($"  {"kernel",-52}{"launches",10}{"ms",10}{"share",9}");
        foreach (var kernel in profile.Kernels)
        {
            Console.WriteLine(
                $"  {kernel.Kernel,-52}{kernel.Launches / ProfiledSteps,10}{kernel.Total.TotalMilliseconds / ProfiledSteps,10:F2}{kernel.Total / total,9:P1}");
        }

        var rest = total - TimeSpan.FromTicks(profile.Kernels.Sum(kernel => kernel.Total.Ticks));
        Console.WriteLine($"  {"between kernels",-52}{string.Empty,10}{rest.TotalMilliseconds / ProfiledSteps,10:F2}{rest / total,9:P1}");
    }
}
