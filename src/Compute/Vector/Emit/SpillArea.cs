using System.Reflection;
using System.Reflection.Emit;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Emit;

/// <summary>Calls of <see cref="LaneFunctions"/>: operands go through memory, a slot each.</summary>
internal sealed class SpillArea(EmissionContext context, Action pushAddress)
{
    /// <summary>Stores all parts of a vector value in a slot.</summary>
    public void Store(int slot, Value value, int vector)
    {
        var element = VectorMethods.Element(value.Type);
        for (int part = 0; part < StoragePlan.Parts(value.Type); part++)
        {
            int at = part;
            Store(slot * LaneFunctions.Slot + part * context.Methods.Bits / 8, element, () => context.PushVector(value, vector, at));
        }
    }

    /// <summary>Stores a vector that <paramref name="push"/> pushes at a byte of the area.</summary>
    public void Store(int offset, Type element, Action push)
    {
        push();
        PushPointer(offset);
        context.IL.Emit(OpCodes.Call, context.Methods.Store(element));
    }

    /// <summary>Stores the mask of the block, or all lanes.</summary>
    public void StoreMask(int vector) => Store(LaneFunctions.MaskSlot, typeof(int), () =>
    {
        if (context.Mask is { } mask)
        {
            context.IL.Emit(OpCodes.Ldloc, mask[vector]);
            return;
        }
        context.IL.Emit(OpCodes.Ldc_I4_M1);
        context.IL.Emit(OpCodes.Call, context.Methods.Broadcast(typeof(int)));
    });

    /// <summary>Calls a function on the area; more arguments follow the two standard ones.</summary>
    public void Call(string function, Type[] genericArguments, params int[] arguments) => Call(typeof(LaneFunctions), function, genericArguments, () =>
    {
        foreach (int argument in arguments) context.IL.Emit(OpCodes.Ldc_I4, argument);
    });

    /// <summary>Calls a function of another class on the area; <paramref name="pushArguments"/> pushes what follows the two standard arguments.</summary>
    public void Call(Type owner, string function, Type[] genericArguments, Action? pushArguments = null)
    {
        var method = owner.GetMethod(function, BindingFlags.Public | BindingFlags.Static)!;
        if (genericArguments.Length > 0) method = method.MakeGenericMethod(genericArguments);
        PushPointer(0);
        context.IL.Emit(OpCodes.Ldc_I4, context.Methods.Width);
        pushArguments?.Invoke();
        context.IL.Emit(OpCodes.Call, method);
    }

    /// <summary>Pushes one part of the result.</summary>
    public void PushResult(ScalarType type, int part)
    {
        PushPointer(part * context.Methods.Bits / 8);
        context.IL.Emit(OpCodes.Call, context.Methods.Load(VectorMethods.Element(type)));
    }

    private void PushPointer(int offset)
    {
        pushAddress();
        if (offset == 0) return;
        context.IL.Emit(OpCodes.Ldc_I4, offset);
        context.IL.Emit(OpCodes.Add);
    }
}
