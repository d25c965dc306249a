using System.CommandLine;
using Engine.Benchmarks.Report;
using Engine.Compute;

namespace Engine.Benchmarks.SideBySide;

/// <summary><c>side-by-side emulator</c>: this project's kernels on its vector accelerator against the same kernels on ILGPU's own CPU accelerator, an emulator.</summary>
internal static class EmulatorCommand
{
    /// <summary>Our calls in a turn: one alone would be shorter than the scheduler's grain, while one of the emulator's takes up to seconds.</summary>
    private const int OurCalls = 20;

    /// <summary>
    /// Largest distance of the two results, relative to the result's norm: float32 sums of at most 384 products in different orders, 20 x 6e-8, and
    /// exponentials of two libraries.
    /// </summary>
    private const double Tolerance = 1e-5;

    private static readonly ReportRow Row = new(
        "emulator",
        "matrix products, attention, layer norm (both ways, small sizes) on the vector CPU, the slowest of them",
        "the same kernels on ILGPU's CPU accelerator",
        Wanted.AtLeast(100, 500, "x"));

    /// <summary>Gets what <c>report</c> measures.</summary>
    public static Measurement Measurement { get; } = new("emulator", "side-by-side emulator", Row);

    /// <summary>Makes the command.</summary>
    /// <returns>The command.</returns>
    public static Command Make()
    {
        var threads = CommonOptions.Threads();
        threads.Description = "Threads of the vector CPU; ILGPU's accelerator has threads of its own for each thread of a group.";
        var rounds = CommonOptions.Rounds(3);
        var figures = FigureLog.MakeOption();
        var command = new Command(
            "emulator",
            "Matrix products, attention and layer norm, forward and backward, on the vector CPU against the same kernels on ILGPU's CPU accelerator (device ilgpu-cpu), with "
            + $"sizes that the latter finishes in seconds: {EmulatorKernels.Size}.")
        {
            threads, rounds, figures,
        };
        command.SetAction(parsed => Run(parsed.GetValue(threads), parsed.GetValue(rounds), new FigureLog(parsed.GetValue(figures))));
        return command;
    }

    private static void Run(int threads, int rounds, FigureLog figures)
    {
        using var vector = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        using var emulator = ComputeDevice.Open("ilgpu-cpu");
        using var ours = new EmulatorKernels(vector);
        using var theirs = new EmulatorKernels(emulator);
        Console.WriteLine(Machine.Description);
        Console.WriteLine($"ours: {vector.Name}");
        Console.WriteLine($"peer: {emulator.Name}");
        Console.WriteLine(EmulatorKernels.Size);
        Console.WriteLine();
        Console.WriteLine($"{"kernel",-32}{"ours us",12}{"peer us",14}{"ours / peer",14}");
        List<(string Kernel, double Ratio)> speeds = [];
        foreach (var (mine, peer) in ours.All.Zip(theirs.All))
        {
            // Both once: kernels are compiled, and the results are compared.
            mine.Run();
            peer.Run();
            Results.RequireEqual(mine.Name, mine.Result.ToArray(), peer.Result.ToArray(), Tolerance);
            var alternation = new Alternation(
                () =>
                {
                    for (var call = 0; call < OurCalls; call++)
                        mine.Run();
                },
                peer.Run)
            { WarmUp = 1 };
            for (var round = 0; round < rounds; round++)
                alternation.Turn();
            var (first, second) = alternation.Medians;
            first /= OurCalls;
            Console.WriteLine($"{mine.Name,-32}{first * 1e6,12:N1}{second * 1e6,14:N0}{second / first,14:N0}");
            speeds.Add((mine.Name, second / first));
        }

        Console.WriteLine();
        figures.Add(Row, speeds.Min(speed => speed.Ratio), $"{string.Join(", ", speeds.Select(speed => $"{speed.Kernel} {speed.Ratio:N0}"))} x their speed");
    }
}
