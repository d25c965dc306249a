using System.CommandLine;
using Engine.Compute;

namespace Engine.Runner.Options;

/// <summary>Where and how a command computes.</summary>
/// <param name="standard">The device where none is given.</param>
internal sealed class DeviceOptions(string standard = "auto")
{
    private readonly Option<string> _device = OptionFactory.Text(
        "--device", "auto|cpu|cuda[:n]|opencl[:n]|ilgpu-cpu", standard, "Device to compute on; auto: an NVIDIA card, else the CPU.");

    private readonly Option<int> _threads = OptionFactory.Integer("--threads", 0, 0, "Threads of the CPU device; 0: all cores.");
    private readonly Option<ulong> _seed = OptionFactory.Seed();

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_device);
        command.Add(_threads);
        command.Add(_seed);
    }

    /// <summary>The seed.</summary>
    public ulong Seed(ParseResult parsed) => parsed.GetValue(_seed);

    /// <summary>Opens the device and says on standard error what was passed over.</summary>
    public ComputeDevice Open(ParseResult parsed, Terminal terminal)
    {
        ComputeDevice device = ComputeDevice.Open(parsed.GetRequiredValue(_device), new ComputeDeviceOptions { Threads = parsed.GetValue(_threads) });
        foreach (string note in device.Notes)
            terminal.Error.WriteLine($"engine: {note}");
        return device;
    }
}
