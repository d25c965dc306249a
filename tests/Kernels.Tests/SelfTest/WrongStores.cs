using Engine.Compute.Vector;
using Engine.Compute.Vector.IR;
using ILGPU.Backends.EntryPoints;

namespace Engine.Kernels.Tests;

/// <summary>A compiler that is silently wrong in one kernel: what the kernel stores as a float is 1/64 too much.</summary>
/// <param name="kernel">Class and method of the kernel, with its type arguments.</param>
internal sealed class WrongStores(string kernel) : IVectorCompiler
{
    private readonly VectorCompiler compiler = new();

    /// <summary>Gets how many stores are wrong.</summary>
    public int Changes { get; private set; }

    /// <inheritdoc/>
    public IVectorProgram Import(EntryPoint entryPoint, KernelSource source, KernelParameterLayout layout, VectorCompilerOptions options)
    {
        var program = (VectorProgram)compiler.Import(entryPoint, source, layout, options);
        if (KernelCatalog.All.Any(entry => entry.Name == kernel && entry.Method == entryPoint.MethodInfo))
            Plant(program.Prepared);
        return program;
    }

    private void Plant(Function function)
    {
        foreach (var store in function.Values.Where(value => value.Op == Opcode.Store && value.Operands[1].Type == ScalarType.F32).ToList())
        {
            var sum = new Value(Opcode.Add, ScalarType.F32, [store.Operands[1], function.Constant(ScalarType.F32, 1.0 / 64)]) { Block = store.Block };
            store.Block!.Instructions.Insert(store.Block.Instructions.IndexOf(store), sum);
            store.Operands = [store.Operands[0], sum];
            Changes++;
        }

        function.Renumber();
    }
}
