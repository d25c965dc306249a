using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Emit;

/// <summary>
/// Emits loads, stores and atomics. What is contiguous across lanes is one access (masked where lanes are inactive), a constant stride is a gather from a
/// scalar base, the rest goes lane by lane.
/// </summary>
internal sealed class MemoryEmitter(EmissionContext context, SpillArea spill)
{
    private readonly InstructionWriter il = context.IL;
    private readonly VectorMethods methods = context.Methods;

    /// <summary>Pushes a scalar that is loaded from a uniform address.</summary>
    public void PushScalarLoad(Value load)
    {
        PushAddress(load, 0, 0);
        il.Emit(OpCodes.Unaligned, (byte)1);
        il.LoadIndirect(load.Type);
    }

    /// <summary>Loads a varying value into its vectors.</summary>
    public void Load(Value load, LocalBuilder[] target)
    {
        var address = context.Shapes.Of(load.Operands[0]);
        var element = VectorMethods.Element(load.Type);
        int parts = StoragePlan.Parts(load.Type);
        bool isContiguous = !address.IsVarying && address.Stride == load.Type.SizeInMemory() && load.Type.SizeInMemory() >= 4;
        for (int vector = 0; vector < context.Lanes.Vectors; vector++)
        {
            bool direct = isContiguous && (context.Mask is null || methods.HasMaskedMemory);
            bool gather = !direct && CanGather(load, address);
            if (!direct && !gather) LoadLanes(load, vector);
            for (int part = 0; part < parts; part++)
            {
                if (direct) PushContiguous(load, vector, part, element);
                else if (gather) PushGather(load, vector, address.Stride);
                else spill.PushResult(load.Type, part);
                il.Emit(OpCodes.Stloc, target[vector * parts + part]);
            }
        }
    }

    /// <summary>Emits a store.</summary>
    public void Store(Value store)
    {
        var value = store.Operands[1];
        var address = context.Shapes.Of(store.Operands[0]);
        if (address.IsUniform && context.Shapes.Of(value).IsUniform)
        {
            StoreScalar(store);
            return;
        }
        var element = VectorMethods.Element(value.Type);
        bool isContiguous = !address.IsVarying && address.Stride == value.Type.SizeInMemory() && value.Type.SizeInMemory() >= 4;
        bool direct = isContiguous && (context.Mask is null || methods.HasMaskedMemory);
        for (int vector = 0; vector < context.Lanes.Vectors; vector++)
        {
            if (!direct)
            {
                StoreLanes(store, vector);
                continue;
            }
            for (int part = 0; part < StoragePlan.Parts(value.Type); part++) StoreContiguous(store, vector, part, element);
        }
    }

    /// <summary>Emits a prefetch of every vector's line, where the lanes' addresses are neighbours.</summary>
    public void Prefetch(Value prefetch)
    {
        if (!Sse.IsSupported || context.Shapes.Of(prefetch.Operands[0]).IsVarying) return;
        for (int vector = 0; vector < context.Lanes.Vectors; vector++)
        {
            PushAddress(prefetch, vector, 0);
            il.Emit(OpCodes.Call, typeof(Sse).GetMethod(nameof(Sse.Prefetch0))!);
        }
    }

    /// <summary>Emits an atomic; the old values go to <paramref name="target"/> where anybody reads them.</summary>
    public void Atomic(Value atomic, LocalBuilder[]? target)
    {
        int parts = StoragePlan.Parts(atomic.Type);
        for (int vector = 0; vector < context.Lanes.Vectors; vector++)
        {
            StoreAddresses(atomic, vector);
            spill.Store(1, atomic.Operands[1], vector);
            spill.Store(2, atomic.Operands[^1], vector);
            spill.StoreMask(vector);
            int operation = atomic.Op == Opcode.Atomic ? atomic.Kind : -1;
            spill.Call(nameof(LaneFunctions.Atomic), [VectorMethods.Element(atomic.Type)], operation);
            for (int part = 0; target is not null && part < parts; part++)
            {
                spill.PushResult(atomic.Type, part);
                il.Emit(OpCodes.Stloc, target[vector * parts + part]);
            }
        }
    }

    private void PushAddress(Value access, int vector, long extra)
    {
        context.PushScalar(access.Operands[0], vector);
        long offset = access.Immediate + extra;
        if (offset != 0)
        {
            il.Emit(OpCodes.Ldc_I8, offset);
            il.Emit(OpCodes.Add);
        }
        il.Emit(OpCodes.Conv_I);
    }

    private void StoreScalar(Value store)
    {
        var value = store.Operands[1];
        // Where no lane is active the block is not run, except that a whole group may be inactive at its end.
        PushAddress(store, 0, 0);
        context.PushScalar(value, 0);
        il.Emit(OpCodes.Unaligned, (byte)1);
        il.StoreIndirect(value.Type);
    }

    private void PushContiguous(Value load, int vector, int part, Type element)
    {
        PushAddress(load, vector, part * methods.Bits / 8);
        if (context.Mask is not { } mask)
        {
            il.Emit(OpCodes.Call, methods.Load(element));
            return;
        }
        var carrier = Carrier(element);
        context.PushMask(mask, vector, part, carrier);
        if (methods.Bits == 512) PushZero(carrier);
        il.Emit(OpCodes.Call, methods.MaskLoad(carrier));
        if (element != carrier) il.Emit(OpCodes.Call, methods.Reinterpret(carrier, element));
    }

    private void StoreContiguous(Value store, int vector, int part, Type element)
    {
        if (context.Mask is not { } mask)
        {
            context.PushVector(store.Operands[1], vector, part);
            PushAddress(store, vector, part * methods.Bits / 8);
            il.Emit(OpCodes.Call, methods.Store(element));
            return;
        }
        PushAddress(store, vector, part * methods.Bits / 8);
        var carrier = Carrier(element);
        context.PushMask(mask, vector, part, carrier);
        context.PushVector(store.Operands[1], vector, part);
        if (element != carrier) il.Emit(OpCodes.Call, methods.Reinterpret(element, carrier));
        il.Emit(OpCodes.Call, methods.MaskStore(carrier));
    }

    /// <summary>Masked instructions are those of floats; integers travel as floats of their size.</summary>
    private static Type Carrier(Type element) => element == typeof(long) || element == typeof(double) ? typeof(double) : typeof(float);

    private void PushZero(Type element)
    {
        if (element == typeof(float)) il.Emit(OpCodes.Ldc_R4, 0f);
        else il.Emit(OpCodes.Ldc_R8, 0d);
        il.Emit(OpCodes.Call, methods.Broadcast(element));
    }

    private bool CanGather(Value load, Shape address) => context.Mask is null && methods.HasGather && (load.Type is ScalarType.F32 or ScalarType.I32) &&
        !address.IsVarying && Math.Abs(address.Stride) < int.MaxValue / 32;

    /// <summary>Gathers lanes a constant stride apart, eight at a time.</summary>
    private void PushGather(Value load, int vector, long stride)
    {
        var gather = typeof(Avx2).GetMethod("GatherVector256", [typeof(float*), typeof(Vector256<int>), typeof(byte)])!;
        var create = typeof(Vector256).GetMethod("Create", [.. Enumerable.Repeat(typeof(int), 8)])!;
        for (int half = 0; half < methods.Width / 8; half++)
        {
            PushAddress(load, vector, half * 8 * stride);
            for (int lane = 0; lane < 8; lane++) il.Emit(OpCodes.Ldc_I4, (int)(lane * stride));
            il.Emit(OpCodes.Call, create);
            il.Emit(OpCodes.Ldc_I4_1);
            il.Emit(OpCodes.Call, gather);
            if (methods.Bits != 512) continue;

            // Vector512.Create of two halves goes through memory.
            var join = half == 0 ? typeof(Vector256).GetMethod("ToVector512Unsafe")! : typeof(Vector512).GetMethod("WithUpper")!;
            il.Emit(OpCodes.Call, join.MakeGenericMethod(typeof(float)));
        }
        if (load.Type == ScalarType.I32) il.Emit(OpCodes.Call, methods.Reinterpret(typeof(float), typeof(int)));
    }

    private void LoadLanes(Value load, int vector)
    {
        StoreAddresses(load, vector);
        spill.StoreMask(vector);
        if (load.Type == ScalarType.Bool) spill.Call(nameof(LaneFunctions.GatherBool), []);
        else spill.Call(nameof(LaneFunctions.Gather), [MemoryType(load.Type), VectorMethods.Element(load.Type)]);
    }

    private void StoreLanes(Value store, int vector)
    {
        var type = store.Operands[1].Type;
        StoreAddresses(store, vector);
        spill.Store(1, store.Operands[1], vector);
        spill.StoreMask(vector);
        if (type == ScalarType.Bool) spill.Call(nameof(LaneFunctions.ScatterBool), []);
        else spill.Call(nameof(LaneFunctions.Scatter), [MemoryType(type), VectorMethods.Element(type)]);
    }

    /// <summary>Puts the lanes' addresses in the first slot of the spill area.</summary>
    private void StoreAddresses(Value access, int vector)
    {
        for (int part = 0; part < 2; part++)
        {
            int at = part;
            spill.Store(part * methods.Bits / 8, typeof(long), () =>
            {
                context.PushVector(access.Operands[0], vector, at);
                if (access.Immediate == 0) return;
                il.Emit(OpCodes.Ldc_I8, access.Immediate);
                il.Emit(OpCodes.Call, methods.Broadcast(typeof(long)));
                il.Emit(OpCodes.Call, methods.Operation("Add", typeof(long)));
            });
        }
    }

    private static Type MemoryType(ScalarType type) => type switch
    {
        ScalarType.I8 => typeof(sbyte),
        ScalarType.I16 => typeof(short),
        _ => VectorMethods.Element(type),
    };
}
