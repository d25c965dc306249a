using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Engine.Benchmarks.SideBySide;
using Engine.Compute;

namespace Engine.Benchmarks.StartUp;

/// <summary>The first training step of a process, in a process of its own.</summary>
/// <param name="Opened">Seconds from the start of the process until the device was open.</param>
/// <param name="Loaded">Seconds from the start of the process until the model was loaded.</param>
/// <param name="Stepped">Seconds from the start of the process until the first step's losses were read.</param>
/// <param name="Reload">Seconds in which a second such model is loaded, for which nothing is compiled.</param>
/// <param name="Step">Seconds of its step.</param>
/// <param name="Kernels">Kernels that were compiled.</param>
internal sealed record FirstStepRun(double Opened, double Loaded, double Stepped, double Reload, double Step, int Kernels)
{
    private const string CommandName = "first-step-once";

    /// <summary>Gets the seconds that the process took to start and to compile: all until the first step's end, less what a second model and its step take.</summary>
    public double FirstUse => Stepped - Reload - Step;

    /// <summary>Makes the command of the child process.</summary>
    public static Command Make()
    {
        var shape = new Argument<string>("SHAPE");
        var folder = new Argument<string>("FOLDER");
        var start = new Argument<long>("START");
        var command = new Command(CommandName, "Loads a model and makes a step, twice, and prints when the device was open, the model loaded, the step done, and the second model's times; start-up starts it.")
        {
            shape, folder, start,
        };
        command.Hidden = true;
        command.SetAction(parsed => Console.WriteLine(Measure(StepShape.Trained.First(known => known.Name == parsed.GetValue(shape)), parsed.GetValue(folder)!, parsed.GetValue(start))));
        return command;
    }

    /// <summary>Starts the child process and waits for it.</summary>
    /// <param name="program">This program, built or published.</param>
    /// <param name="shape">The model and the batch.</param>
    /// <param name="folder">A checkpoint of this shape.</param>
    /// <exception cref="PeerException">The process failed, or compiled for its second model.</exception>
    public static FirstStepRun Start(MeasuredProgram program, StepShape shape, string folder)
    {
        // Ticks of one clock of the machine, which both processes read.
        var (_, output) = program.Run(CommandName, shape.Name, folder, Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture));
        double[] numbers = [.. output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(text => double.Parse(text, CultureInfo.InvariantCulture))];
        return numbers.Length == 6
            ? new FirstStepRun(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], (int)numbers[5])
            : throw new PeerException($"{program.Name}: '{output.Trim()}' is no result of {CommandName}, expected six numbers; build or publish it anew");
    }

    private static string Measure(StepShape shape, string folder, long start)
    {
        double Now() => Stopwatch.GetElapsedTime(start).TotalSeconds;
        using var device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { CompilesAhead = true });
        var opened = Now();
        double loaded, stepped;
        using (var model = new EngineModel(device, shape, folder, trains: true))
        {
            loaded = Now();
            model.Step();
            stepped = Now();
        }

        var kernels = device.CompiledKernels;
        var freed = Now();
        using var second = new EngineModel(device, shape, folder, trains: true);
        var reloaded = Now();
        second.Step();
        var end = Now();
        if (device.CompiledKernels != kernels)
            throw new PeerException($"{shape.Name}: the second model compiled {device.CompiledKernels - kernels} kernels, expected 0");
        return string.Create(CultureInfo.InvariantCulture, $"{opened} {loaded} {stepped} {reloaded - freed} {end - reloaded} {kernels}");
    }
}
