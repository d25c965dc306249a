using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using Engine.Compute.Vector.Emit;
using Engine.Compute.Vector.IR;
using ILGPU.Backends.EntryPoints;

namespace Engine.Compute.Vector;

/// <summary>A kernel on its way to vector code, as text: what <c>engine dump-kernel</c> shows. Equal input gives equal text, at 256 and 512 bits on every machine.</summary>
/// <param name="Source">ILGPU's IR, as its optimizer hands it over; values and blocks are numbered by their place.</param>
/// <param name="Imported">Our IR as it was imported, before any pass and for any group shape.</param>
/// <param name="Function">Our IR, specialized for the group's shape, each value with its shape across lanes.</param>
/// <param name="Instructions">The emitted IL of whole vectors, each value's instructions below the value.</param>
public sealed record KernelDump(string Source, string Imported, string Function, string Instructions)
{
    /// <summary>Compiles a kernel and keeps every stage.</summary>
    /// <param name="device">The vector CPU.</param>
    /// <param name="kernel">An explicitly grouped kernel method, its type parameters closed.</param>
    /// <param name="groupX">Threads of a group along X.</param>
    /// <param name="groupY">Threads of a group along Y.</param>
    /// <param name="groupZ">Threads of a group along Z.</param>
    /// <param name="vectorBits">
    /// Width of the vectors: 512, 256, 128, or 0 for the device's. For a width that the machine lacks, the code is what an x64 processor that has it would get.
    /// </param>
    /// <exception cref="ComputeException">The device is not the vector CPU, or the width does not exist.</exception>
    public static KernelDump Of(ComputeDevice device, MethodInfo kernel, int groupX, int groupY = 1, int groupZ = 1, int vectorBits = 0)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(kernel);
        if (device.Accelerator is not VectorAccelerator opened)
            throw new ComputeException($"device {device.Name} has no vector code to show: open the device 'cpu'");
        var options = opened.VectorBackend.Options with { Checks = null };
        if (vectorBits != 0) options = options with { VectorBits = VectorWidth.Known(vectorBits) };
        if (options.IsScalar) throw new ComputeException($"device {device.Name} runs kernels thread by thread and has no vector code to show: name a width");
        var source = new StringWriter();
        var imported = new StringWriter();
        var compiler = new VectorCompiler { ImportListing = imported };
        using var accelerator = (VectorAccelerator)VectorDevice.ForDump(compiler, options).CreateAccelerator(device.Context);
        var program = (VectorProgram)accelerator.CompileForDump(EntryPointDescription.FromExplicitlyGroupedKernel(kernel), source);
        var (function, forest, lanes) = program.Optimize(new GroupShape(groupX, groupY, groupZ));
        var layout = new BlockLayout(function, forest);
        var shapes = new ShapeAnalysis(function, forest, layout, lanes);
        string text = FunctionPrinter.Print(function, value => shapes.Of(value).ToString());
        var listing = new StringBuilder();
        var body = FunctionEmitter.Emit(
            function, forest, layout, lanes, shapes, new VectorMethods(program.VectorBits), new ScratchLayout(function, lanes.Lanes), masked: false, listing);
        // Nothing runs it, but whoever sets DOTNET_JitDisasm sees machine code when the JIT makes it.
        if (program.VectorBits <= VectorWidth.Widest) RuntimeHelpers.PrepareDelegate(body);
        return new KernelDump(SourceNumbering.Normalize(source.ToString()), imported.ToString(), text, listing.ToString());
    }
}
