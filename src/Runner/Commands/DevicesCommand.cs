using System.CommandLine;
using Engine.Compute;

namespace Engine.Runner.Commands;

/// <summary><c>engine devices</c>: lists the devices of this machine and their limits.</summary>
internal sealed class DevicesCommand : ICommandDefinition
{
    /// <inheritdoc/>
    public string[] Examples => ["engine devices"];

    /// <inheritdoc/>
    public Command Make(Terminal terminal, CancellationToken stop)
    {
        Command command = new("devices", "Lists the devices of this machine, what to call them with --device, and their limits.");
        command.SetAction(_ =>
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
            return CommandLine.Done;
        });
        return command;
    }

    private static string Bytes(long bytes) => bytes switch
    {
        >= 1L << 60 => "-",
        >= 1L << 30 => $"{bytes / (double)(1L << 30):F1} GiB",
        >= 1L << 20 => $"{bytes / (double)(1L << 20):F1} MiB",
        _ => $"{bytes / 1024.0:F0} KiB",
    };
}
