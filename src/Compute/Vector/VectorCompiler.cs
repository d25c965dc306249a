using Engine.Compute.Vector.Import;
using Engine.Compute.Vector.IR;
using Engine.Compute.Vector.Passes;
using ILGPU;
using ILGPU.Backends.EntryPoints;

namespace Engine.Compute.Vector;

/// <summary>The compiler of the vector accelerator: imports ILGPU's IR, optimizes it, and emits vector IL for each group shape.</summary>
internal sealed class VectorCompiler : IVectorCompiler
{
    /// <summary>Gets or sets where kernels are written as they were imported, before any pass; null for nowhere.</summary>
    public TextWriter? ImportListing { get; set; }

    /// <inheritdoc/>
    /// <exception cref="UnsupportedKernelException">The kernel uses something that the vector accelerator does not run.</exception>
    public IVectorProgram Import(EntryPoint entryPoint, KernelSource source, KernelParameterLayout layout, VectorCompilerOptions options)
    {
        string name = entryPoint.Name;
        int implicitDimensions = entryPoint.IndexType switch
        {
            IndexType.Index1D => 1,
            IndexType.Index2D => 2,
            IndexType.Index3D => 3,
            _ => 0,
        };
        string kernel = KernelNames.Of(entryPoint);
        var lines = source.KeepsAssertions ? new SourceLines(source.KernelMethod, kernel) : null;
        var function = KernelImporter.Import(source.KernelMethod, name, layout, implicitDimensions, options.WarpSize, lines);
        ImportListing?.Write(FunctionPrinter.Print(function));
        Pipeline.Prepare(function);
        if (function.Values.FirstOrDefault(value => value.Op == Opcode.Refused) is { } refused)
            throw new UnsupportedKernelException(name, function.Refusals[(int)refused.Immediate]);
        return new VectorProgram(function, options, kernel);
    }
}
