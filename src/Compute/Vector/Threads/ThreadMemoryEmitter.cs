using System.Reflection.Emit;
using Engine.Compute.Vector.Checked;
using Engine.Compute.Vector.Emit;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Threads;

/// <summary>Emits one thread's loads, stores and atomics; with checks, the address of each goes through them.</summary>
internal sealed class ThreadMemoryEmitter(IScalarOperands operands, ThreadChecks? checks)
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
        if (checks is not null)
        {
            il.Emit(OpCodes.Ldarg, ThreadEmitter.ChecksArgument);
            il.Emit(OpCodes.Ldarg, ThreadEmitter.FrameArgument);
        }
        operands.PushScalar(access.Operands[0], 0);
        if (access.Immediate != 0)
        {
            il.Emit(OpCodes.Ldc_I8, access.Immediate);
            il.Emit(OpCodes.Add);
        }
        il.Emit(OpCodes.Conv_I);
        if (checks is null) return;
        var type = access.Op == Opcode.Store ? access.Operands[1].Type : access.Type;
        il.Emit(OpCodes.Ldc_I4, type.SizeInMemory());
        il.Emit(OpCodes.Ldc_I4, checks.Register(access));
        il.Emit(OpCodes.Call, typeof(ThreadChecks).GetMethod(access.Op switch
        {
            Opcode.Load => nameof(ThreadChecks.Read),
            Opcode.Store => nameof(ThreadChecks.Write),
            _ => nameof(ThreadChecks.Atomic),
        })!);
    }
}
