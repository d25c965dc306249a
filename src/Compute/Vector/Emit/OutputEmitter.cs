using System.Reflection.Emit;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Emit;

/// <summary>Emits texts that kernels write: the lanes of each argument are boxed, then <see cref="KernelOutput"/> formats them.</summary>
internal sealed class OutputEmitter(EmissionContext context, SpillArea spill)
{
    private readonly InstructionWriter il = context.IL;

    /// <summary>Emits one write.</summary>
    public void Write(Value write)
    {
        var columns = il.DeclareLocal(typeof(object[][]));
        for (int vector = 0; vector < context.Lanes.Vectors; vector++)
        {
            il.Emit(OpCodes.Ldc_I4, write.Operands.Length);
            il.Emit(OpCodes.Newarr, typeof(object[]));
            il.Emit(OpCodes.Stloc, columns);
            for (int column = 0; column < write.Operands.Length; column++)
            {
                var argument = write.Operands[column];
                spill.Store(0, argument, vector);
                il.Emit(OpCodes.Ldloc, columns);
                il.Emit(OpCodes.Ldc_I4, column);
                spill.Call(typeof(KernelOutput), nameof(KernelOutput.Box), [VectorMethods.Element(argument.Type)]);
                il.Emit(OpCodes.Stelem_Ref);
            }
            spill.StoreMask(vector);
            spill.Call(typeof(KernelOutput), nameof(KernelOutput.Write), [], () =>
            {
                il.Emit(OpCodes.Ldc_I4, (int)write.Immediate);
                il.Emit(OpCodes.Ldloc, columns);
            });
        }
    }
}
