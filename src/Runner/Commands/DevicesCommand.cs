using System.CommandLine;
using Engine.Compute;
using Engine.Model;
using Engine.Runner.Options;

namespace Engine.Runner.Commands;

/// <summary><c>engine devices</c>: lists the devices of this machine and their limits, or tests every kernel on one of them.</summary>
/// <param name="open">Opens the device to test; null for what the options say.</param>
internal sealed class DevicesCommand(Func<ComputeDevice>? open = null) : ICommandDefinition
{
    private readonly Option<bool> _selfTest = OptionFactory.Switch(
        "--self-test",
        "Runs every kernel, forward and backward, on one device and compares it with scalar code in double precision: drivers can be silently wrong. "
        + "Exit code 1 where a result is wrong.");

    private readonly Option<string> _only = OptionFactory.Text("--only", "TEXT", "", "Of the self-test, only operations or kernels with this in their name.");
    private readonly DeviceOptions _device = new(seeded: false);

    /// <inheritdoc/>
    public string[] Examples => ["engine devices", "engine devices --self-test", "engine devices --self-test --device opencl:0", "engine devices --self-test --only attention"];

    /// <inheritdoc/>
    public Command Make(Terminal terminal, CancellationToken stop)
    {
        Command command = new("devices", "Lists the devices of this machine, what to call them with --device, and their limits; or tests one of them.");
        command.Add(_selfTest);
        command.Add(_only);
        _device.AddTo(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(_selfTest))
                return SelfTestRun.Of(open ?? (() => _device.Open(parsed, terminal)), parsed.GetRequiredValue(_only), terminal, stop);
            if ((parsed.GetResult(_only) is { Implicit: false } ? _only.Name : _device.Given(parsed)) is { } option)
                throw new ModelException($"{option} is an option of the self-test: add --self-test, or leave {option} out to list the devices");
            List(terminal);
            return CommandLine.Done;
        });
        return command;
    }

    private static void List(Terminal terminal)
    {
        IReadOnlyList<DeviceDescription> devices = ComputeDevice.List();
        terminal.WriteTable(
            ["device", "name", ">memory", ">processors", ">warp", ">largest group", ">shared memory"],
            devices.Where(device => device.Problem is null).Select(device => (string[])
            [
                device.Selector, device.Name, Bytes(device.MemoryBytes), $"{device.Multiprocessors}",
                device.WarpSize == 0 ? "-" : $"{device.WarpSize}", $"{device.MaxGroupSize}", Bytes(device.SharedMemoryBytes),
            ]));
        foreach (DeviceDescription device in devices.Where(device => device.Problem is not null))
            terminal.WriteLine($"{device.Selector} ({device.Name}) cannot be used: {device.Problem}");
    }

    private static string Bytes(long bytes) => bytes switch
    {
        >= 1L << 60 => "-",
        >= 1L << 30 => $"{bytes / (double)(1L << 30):F1} GiB",
        >= 1L << 20 => $"{bytes / (double)(1L << 20):F1} MiB",
        _ => $"{bytes / 1024.0:F0} KiB",
    };
}
