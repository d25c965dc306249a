using System.CommandLine;
using Engine.Compute;

namespace Engine.Runner.Options;

/// <summary>Where and how a command computes.</summary>
/// <param name="standard">The device where none is given.</param>
/// <param name="seeded">Whether anything that the command does is random.</param>
internal sealed class DeviceOptions(string standard = "auto", bool seeded = true)
{
    // Far beyond any machine's processors; a hundred thousand are more than the system lets a process have, which ends it.
    private const int MostThreads = 4096;

    private readonly Option<string> _device = OptionFactory.Text(
        "--device", "auto|cpu|cuda[:n]|opencl[:n]|ilgpu-cpu", standard, "Device to compute on; auto: an NVIDIA card, else the CPU.");

    private readonly Option<int> _threads = OptionFactory.Integer("--threads", 0, 0, MostThreads, "Threads of the CPU device; 0: all cores.");
    private readonly Option<ulong> _seed = OptionFactory.Seed();

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_device);
        command.Add(_threads);
        if (seeded)
            command.Add(_seed);
    }

    /// <summary>The name of the first of the options that was given; null where none was.</summary>
    public string? Given(ParseResult parsed) =>
        ((Option[])[_device, _threads, _seed]).FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false })?.Name;

    /// <summary>The seed.</summary>
    public ulong Seed(ParseResult parsed) => parsed.GetValue(_seed);

    /// <summary>Opens the device and says on standard error what was passed over.</summary>
    public ComputeDevice Open(ParseResult parsed, Terminal terminal)
    {
        ComputeDevice device = ComputeDevice.Open(
            parsed.GetRequiredValue(_device), new ComputeDeviceOptions { Threads = parsed.GetValue(_threads), CompilesAhead = true });
        foreach (string note in device.Notes)
            terminal.Error.WriteLine($"engine: {note}");
        return device;
    }
}
