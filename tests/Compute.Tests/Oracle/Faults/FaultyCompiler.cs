using Engine.Compute.Vector;
using ILGPU.Backends.EntryPoints;

namespace Engine.Compute.Tests.Oracle.Faults;

/// <summary>The vector accelerator's compiler with a fault planted between the import of a kernel and the passes.</summary>
/// <param name="fault">The fault, null for none.</param>
internal sealed class FaultyCompiler(PlantedFault? fault) : IVectorCompiler
{
    private readonly VectorCompiler compiler = new();

    /// <summary>Gets how often the fault found something to change.</summary>
    public int Changes { get; private set; }

    /// <inheritdoc/>
    public IVectorProgram Import(EntryPoint entryPoint, KernelSource source, KernelParameterLayout layout, VectorCompilerOptions options)
    {
        var program = (VectorProgram)compiler.Import(entryPoint, source, layout, options);
        program.Prepared.Renumber();
        Changes += fault?.Plant(program.Prepared) ?? 0;
        return program;
    }
}
