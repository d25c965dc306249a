using System.Reflection.Emit;
using Engine.Compute.Vector.Emit;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Threads;

/// <summary>Emits one thread's loads, stores and atomics.</summary>
internal sealed class ThreadMemoryEmitter(IScalarOperands operands)
{
    private readonly InstructionWriter il = operands.IL;

    /// <summary>Pushes what a load reads.</summary>
    public void PushLoad(Value load)
    {
        PushAddress(load);
        il.Emit(OpCodes.Unaligned, (byte)1);
        il.LoadIndirect(load.Type);
    }

    /// <summary>Emits a store.</summary>
    public void Store(Value store)
    {
        PushAddress(store);
        operands.PushScalar(store.Operands[1], 0);
        il.Emit(OpCodes.Unaligned, (byte)1);
        il.StoreIndirect(store.Operands[1].Type);
    }

    /// <summary>Emits an atomic and pushes the old value.</summary>
    public void PushAtomic(Value atomic)
    {
        PushAddress(atomic);
        operands.PushScalar(atomic.Operands[1], 0);
        operands.PushScalar(atomic.Operands[^1], 0);
        il.Emit(OpCodes.Ldc_I4, atomic.Op == Opcode.Atomic ? atomic.Kind : -1);
        il.Emit(OpCodes.Call, typeof(ScalarFunctions).GetMethod(nameof(ScalarFunctions.Atomic))!.MakeGenericMethod(VectorMethods.Element(atomic.Type)));
    }

    private void PushAddress(Value access)
    {
        operands.PushScalar(access.Operands[0], 0);
        if (access.Immediate != 0)
        {
            il.Emit(OpCodes.Ldc_I8, access.Immediate);
            il.Emit(OpCodes.Add);
        }
        il.Emit(OpCodes.Conv_I);
    }
}
