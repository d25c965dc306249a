using Engine.Compute.Vector;
using ILGPU.Backends.EntryPoints;

namespace Engine.Compute.Tests.Oracle.Faults;

/// <summary>The vector accelerator's compiler with a fault planted between the import of a kernel and the passes, or in the code that it emits.</summary>
/// <param name="fault">The fault, null for none.</param>
internal sealed class FaultyCompiler(PlantedFault? fault) : IVectorCompiler
{
    private readonly VectorCompiler compiler = new();
    private readonly List<FaultyWriter> writers = [];
    private int changes;

    /// <summary>Gets how often the fault found something to change.</summary>
    public int Changes => changes + writers.Sum(writer => writer.Changes);

    /// <inheritdoc/>
    public IVectorProgram Import(EntryPoint entryPoint, KernelSource source, KernelParameterLayout layout, VectorCompilerOptions options)
    {
        var program = (VectorProgram)compiler.Import(entryPoint, source, layout, options);
        program.Prepared.Renumber();
        changes += fault?.Plant(program.Prepared) ?? 0;
        if (fault?.InEmittedCode is { } make)
        {
            program.Writer = il =>
            {
                var writer = new FaultyWriter(il, make());
                writers.Add(writer);
                return writer;
            };
        }

        return program;
    }
}
