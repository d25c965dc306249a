using System.Reflection;
using System.Text;
using Engine.Compute.Vector.Emit;
using Engine.Compute.Vector.IR;
using ILGPU.Backends.EntryPoints;

namespace Engine.Compute.Vector;

/// <summary>A kernel on its way to vector code, as text: what <c>engine dump-kernel</c> shows.</summary>
/// <param name="Source">ILGPU's IR, as its optimizer hands it over.</param>
/// <param name="Function">Our IR, specialized for the group's shape, each value with its shape across lanes.</param>
/// <param name="Instructions">The emitted IL of whole vectors.</param>
public sealed record KernelDump(string Source, string Function, string Instructions)
{
    /// <summary>Compiles a kernel and keeps every stage.</summary>
    /// <param name="device">The vector CPU.</param>
    /// <param name="kernel">An explicitly grouped kernel method, its type parameters closed.</param>
    /// <param name="groupX">Threads of a group along X.</param>
    /// <param name="groupY">Threads of a group along Y.</param>
    /// <param name="groupZ">Threads of a group along Z.</param>
    /// <exception cref="ComputeException">The device is not the vector CPU.</exception>
    public static KernelDump Of(ComputeDevice device, MethodInfo kernel, int groupX, int groupY = 1, int groupZ = 1)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(kernel);
        if (device.Accelerator is not VectorAccelerator accelerator)
            throw new ComputeException($"device {device.Name} has no vector code to show: open the device 'cpu'");
        var entry = EntryPointDescription.FromExplicitlyGroupedKernel(kernel);
        var source = new StringWriter();
        var program = (VectorProgram)accelerator.CompileForDump(entry, source);
        var (function, forest, lanes) = program.Optimize(new GroupShape(groupX, groupY, groupZ));
        var layout = new BlockLayout(function, forest);
        var shapes = new ShapeAnalysis(function, forest, layout, lanes);
        string text = FunctionPrinter.Print(function, value => shapes.Of(value).ToString());
        var listing = new StringBuilder();
        FunctionEmitter.Emit(function, forest, layout, lanes, shapes, new VectorMethods(program.VectorBits), new ScratchLayout(function, lanes.Lanes), masked: false, listing);
        return new KernelDump(source.ToString(), text, listing.ToString());
    }
}
