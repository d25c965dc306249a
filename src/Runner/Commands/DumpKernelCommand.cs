using System.CommandLine;
using Engine.Compute;
using Engine.Compute.Vector;
using Engine.Kernels;
using Engine.Model;
using Engine.Runner.Options;

namespace Engine.Runner.Commands;

/// <summary><c>engine dump-kernel NAME</c>: shows a kernel as ILGPU's IR, as the vector compiler's IR before and after its passes, and as the IL that it emits.</summary>
internal sealed class DumpKernelCommand : ICommandDefinition
{
    private const string AllStages = "all";

    private readonly Argument<string?> _name = new("NAME")
    {
        Description = "Kernel, or a part of its name; without it, all kernels are listed.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string> _stage = OptionFactory.Text("--stage", "all|source|imported|ir|il", AllStages, "What to show: ILGPU's IR (source), ours as imported (imported) and after all passes (ir), the emitted IL (il).");
    private readonly Option<int> _group = OptionFactory.Integer("--group", 0, 0, "Threads of a group to compile for; 0: the device's own size for row kernels.");
    private readonly Option<int> _bits = OptionFactory.Integer("--vector-bits", 0, 0, "Width of the vectors, which this machine may lack: 512, 256 or 128; 0: the widest of this machine.");
    private readonly Option<string> _device = OptionFactory.Text("--device", "cpu", "cpu", "Device to compile for; only the vector CPU compiles with our compiler.");

    /// <inheritdoc/>
    public string[] Examples =>
        ["engine dump-kernel", "engine dump-kernel LayerNorm.Forward --device cpu", "engine dump-kernel \"Forward<PanelTile16>\" --stage il --vector-bits 512"];

    /// <inheritdoc/>
    public Command Make(Terminal terminal, CancellationToken stop)
    {
        Command command = new("dump-kernel", "Shows a kernel as ILGPU's IR, as our IR before and after all passes, and as the emitted vector IL.");
        command.Add(_name);
        command.Add(_device);
        command.Add(_stage);
        command.Add(_group);
        command.Add(_bits);
        command.SetAction(parsed => Run(parsed, terminal));
        return command;
    }

    private int Run(ParseResult parsed, Terminal terminal)
    {
        if (parsed.GetValue(_name) is not { } name)
        {
            foreach (KernelEntry kernel in KernelCatalog.All)
                terminal.WriteLine(kernel.Name);
            return CommandLine.Done;
        }
        string stage = parsed.GetRequiredValue(_stage);
        if (stage is not (AllStages or "source" or "imported" or "ir" or "il"))
            throw new ModelException($"--stage {stage} is none of all, source, imported, ir, il");
        IReadOnlyList<KernelEntry> found = KernelCatalog.Find(name);
        if (found.Count == 0)
            throw new ModelException($"no kernel's name contains \"{name}\"; engine dump-kernel lists all of them");
        using ComputeDevice device = ComputeDevice.Open(parsed.GetRequiredValue(_device));
        int bits = parsed.GetValue(_bits);
        TileTable tiles = bits > 0 ? TileTable.For(bits / 32, device.Tiles.MaxGroupSize, device.Tiles.SharedMemoryBytes) : device.Tiles;
        int group = parsed.GetValue(_group) is > 0 and int chosen ? chosen : tiles.RowGroupSize;
        foreach (KernelEntry kernel in found)
        {
            KernelDump dump = KernelDump.Of(device, kernel.Method, group, vectorBits: bits);
            Write(terminal, stage, "source", $"{kernel.Name}: ILGPU's IR", dump.Source);
            Write(terminal, stage, "imported", $"{kernel.Name}: our IR as imported", dump.Imported);
            Write(terminal, stage, "ir", $"{kernel.Name}: our IR for groups of {group}, each value with its shape across lanes", dump.Function);
            Write(terminal, stage, "il", $"{kernel.Name}: IL for whole vectors", dump.Instructions);
        }
        return CommandLine.Done;
    }

    private static void Write(Terminal terminal, string wanted, string stage, string title, string text)
    {
        if (wanted != AllStages && wanted != stage)
            return;
        terminal.WriteLine($"---- {title}");
        terminal.WriteLine(text.TrimEnd());
        terminal.WriteLine();
    }
}
