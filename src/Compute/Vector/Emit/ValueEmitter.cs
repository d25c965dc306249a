using System.Reflection.Emit;
using Engine.Compute.Vector.Checked;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Emit;

/// <summary>Emits one value after the other into its locals, sending each kind of operation to the emitter that knows it.</summary>
internal sealed class ValueEmitter
{
    /// <summary>Number of the argument that holds the first thread of the vector that is being run.</summary>
    public const short LaneFromArgument = 6;

    /// <summary>Number of the argument that holds the end of the threads.</summary>
    public const short LaneToArgument = 7;

    private const short LaunchArgument = 1;
    private const short GridArgument = 2;
    private const short ScratchArgument = 5;

    private readonly EmissionContext context;
    private readonly Function function;
    private readonly ScratchLayout scratch;
    private readonly InstructionWriter il;
    private readonly ScalarEmitter scalars;
    private readonly VectorEmitter vectors;
    private readonly MemoryEmitter memory;
    private readonly CrossLaneEmitter crossLane;
    private readonly OutputEmitter output;

    /// <summary>Makes the emitters of one method.</summary>
    public ValueEmitter(EmissionContext context, Function function, ScratchLayout scratch)
    {
        this.context = context;
        this.function = function;
        this.scratch = scratch;
        il = context.IL;
        var spill = new SpillArea(context, () => PushScratch(scratch.Spill));
        scalars = new ScalarEmitter(context);
        vectors = new VectorEmitter(context, spill);
        memory = new MemoryEmitter(context, spill);
        crossLane = new CrossLaneEmitter(context, spill);
        output = new OutputEmitter(context, spill);
        context.EmitInlined = PushScalarResult;
    }

    /// <summary>Computes a value into its locals; what nobody uses, or what is computed where it is used, emits nothing.</summary>
    public void Emit(Value value)
    {
        var place = context.Storage.Of(value);
        switch (value.Op)
        {
            case Opcode.Store:
                memory.Store(value);
                return;
            case Opcode.Prefetch:
                memory.Prefetch(value);
                return;
            case Opcode.Atomic or Opcode.AtomicCompareExchange:
                memory.Atomic(value, place?.Vectors);
                return;
            case Opcode.Write:
                output.Write(value);
                return;
            case Opcode.Assert:
                EmitAssert(value);
                return;
            case Opcode.Fence:
                il.Emit(OpCodes.Call, typeof(Interlocked).GetMethod(nameof(Interlocked.MemoryBarrier))!);
                return;
            case Opcode.Barrier or Opcode.WarpBarrier:
                // In lock step every operation before has been done by all threads that get here.
                return;
        }
        if (place is null) return;
        var shape = context.Shapes.Of(value);
        if (!shape.IsVarying)
        {
            EmitScalar(value, place);
            return;
        }
        switch (value.Op)
        {
            case Opcode.Load:
                memory.Load(value, place.Vectors!);
                break;
            case Opcode.Shuffle:
                crossLane.Shuffle(value, place.Vectors!);
                break;
            case Opcode.BroadcastWarp:
                crossLane.BroadcastWarp(value, place.Vectors!);
                break;
            case Opcode.GroupIndex:
                for (int vector = 0; vector < context.Lanes.Vectors; vector++)
                {
                    PushGroupIndexVector((int)value.Immediate, vector);
                    il.Emit(OpCodes.Stloc, place.Vectors![vector]);
                }
                break;
            default:
                vectors.Emit(value, place.Vectors!);
                break;
        }
    }

    /// <summary>Spreads a phi that is held as a scalar over its vectors, where somebody reads it as vectors.</summary>
    public void EmitImage(Value phi)
    {
        var place = context.Storage.Of(phi);
        if (place?.Vectors is null || context.Shapes.Of(phi).IsVarying) return;
        Spread(phi, place);
    }

    /// <summary>Jumps to <paramref name="otherwise"/> unless the uniform condition holds.</summary>
    public void BranchUnless(Value condition, Label otherwise) => scalars.BranchUnless(condition, otherwise);

    /// <summary>Pushes the linear indices in their group of a vector's threads.</summary>
    public void PushLinearIndex(int vector)
    {
        PushFirstLinear(vector);
        il.Emit(OpCodes.Call, context.Methods.Broadcast(typeof(int)));
        for (int lane = 0; lane < context.Lanes.Width; lane++) il.Emit(OpCodes.Ldc_I4, lane);
        il.Emit(OpCodes.Call, context.Methods.CreateLanes(typeof(int)));
        il.Emit(OpCodes.Call, context.Methods.Operation("Add", typeof(int)));
    }

    /// <summary>Pushes the indices along a dimension of a vector's threads.</summary>
    public void PushGroupIndexVector(int dimension, int vector)
    {
        if (context.Lanes.IsOneDimensional)
        {
            if (dimension == 0)
            {
                PushLinearIndex(vector);
                return;
            }
            il.Emit(OpCodes.Ldc_I4_0);
            il.Emit(OpCodes.Call, context.Methods.Broadcast(typeof(int)));
            return;
        }
        PushTableEntry(dimension, vector);
        il.Emit(OpCodes.Call, context.Methods.Load(typeof(int)));
    }

    /// <summary>Pushes how many threads of the group lie inside the launch's extent along a dimension.</summary>
    public void PushRemainingExtent(int dimension)
    {
        // extent - grid index * group size, at most the group's size.
        il.Emit(OpCodes.Ldarg, LaunchArgument);
        il.Emit(OpCodes.Ldfld, typeof(LaunchInfo).GetField("Extent" + "XYZ"[dimension])!);
        il.Emit(OpCodes.Ldarg, (short)(GridArgument + dimension));
        il.Emit(OpCodes.Conv_I8);
        il.Emit(OpCodes.Ldarg, LaunchArgument);
        il.Emit(OpCodes.Ldfld, typeof(LaunchInfo).GetField("Group" + "XYZ"[dimension])!);
        il.Emit(OpCodes.Conv_I8);
        il.Emit(OpCodes.Mul);
        il.Emit(OpCodes.Sub);
        il.Emit(OpCodes.Ldc_I8, (long)int.MaxValue);
        il.Emit(OpCodes.Call, typeof(Math).GetMethod("Min", [typeof(long), typeof(long)])!);
        il.Emit(OpCodes.Conv_I4);
    }

    /// <summary>Throws where a lane that is here does not hold what the kernel asserts.</summary>
    private void EmitAssert(Value assertion)
    {
        var holds = il.DefineLabel();
        for (int vector = 0; vector < context.Lanes.Vectors; vector++)
        {
            context.PushVector(assertion.Operands[0], vector, 0);
            il.Emit(OpCodes.Call, context.Methods.Operation("OnesComplement", typeof(int)));
            if (context.Mask is { } mask)
            {
                il.Emit(OpCodes.Ldloc, mask[vector]);
                il.Emit(OpCodes.Call, context.Methods.Operation("BitwiseAnd", typeof(int)));
            }
            if (vector > 0) il.Emit(OpCodes.Call, context.Methods.Operation("BitwiseOr", typeof(int)));
        }
        context.TurnIntoBits();
        il.Emit(OpCodes.Brfalse, holds);
        il.Emit(OpCodes.Ldc_I4, AccessSites.Add(new AccessSite(function.Name, assertion.Source ?? SourceLine.Unknown, function.Assertions[(int)assertion.Immediate])));
        il.Emit(OpCodes.Call, typeof(FailedAssertion).GetMethod(nameof(FailedAssertion.Throw))!);
        il.MarkLabel(holds);
    }

    private void EmitScalar(Value value, Storage place)
    {
        int count = place.Scalars?.Length ?? (context.Shapes.Of(value).IsUniform ? 1 : context.Lanes.Vectors);
        if (place.Scalars is null)
        {
            // Only vectors are read: the scalar goes straight into them.
            int parts = StoragePlan.Parts(value.Type);
            for (int slot = 0; slot < place.Vectors!.Length; slot++)
            {
                var (vector, part) = (slot / parts, slot % parts);
                if (count == 1 && vector > 0)
                {
                    il.Emit(OpCodes.Ldloc, place.Vectors[part]);
                }
                else
                {
                    PushScalarResult(value, vector);
                    context.Spread(value, part);
                }
                il.Emit(OpCodes.Stloc, place.Vectors[slot]);
            }
            return;
        }
        for (int vector = 0; vector < count; vector++)
        {
            PushScalarResult(value, vector);
            il.Emit(OpCodes.Stloc, place.Scalars[vector]);
        }
        if (place.Vectors is not null) Spread(value, place);
    }

    private void Spread(Value value, Storage place)
    {
        int parts = StoragePlan.Parts(value.Type);
        for (int slot = 0; slot < place.Vectors!.Length; slot++)
        {
            il.Emit(OpCodes.Ldloc, place.Scalars![place.Scalars.Length == 1 ? 0 : slot / parts]);
            context.Spread(value, slot % parts);
            il.Emit(OpCodes.Stloc, place.Vectors[slot]);
        }
    }

    /// <summary>Pushes what a value that is no vector is: of a strided one, lane 0 of a vector.</summary>
    private void PushScalarResult(Value value, int vector)
    {
        switch (value.Op)
        {
            case Opcode.Argument:
                il.Emit(OpCodes.Ldarg_0);
                il.Emit(OpCodes.Ldc_I4, (int)value.Immediate);
                il.Emit(OpCodes.Add);
                il.LoadIndirect(value.Type);
                break;
            case Opcode.GridIndex:
                il.Emit(OpCodes.Ldarg, (short)(GridArgument + value.Immediate));
                break;
            case Opcode.GridDimension:
                il.Emit(OpCodes.Ldarg, LaunchArgument);
                il.Emit(OpCodes.Ldfld, typeof(LaunchInfo).GetField("Grid" + "XYZ"[(int)value.Immediate])!);
                break;
            case Opcode.GroupIndex:
                PushFirstGroupIndex((int)value.Immediate, vector);
                break;
            case Opcode.LaneIndex:
                il.Emit(OpCodes.Ldc_I4_0);
                break;
            case Opcode.StorageLane:
                il.Emit(OpCodes.Ldc_I4, vector * context.Lanes.Width);
                break;
            case Opcode.SharedArray:
                PushScratch(scratch.Shared(value.Immediate));
                il.Emit(OpCodes.Conv_I8);
                break;
            case Opcode.DynamicSharedArray:
                PushScratch(scratch.Bytes);
                il.Emit(OpCodes.Conv_I8);
                break;
            case Opcode.DynamicSharedBytes:
                il.Emit(OpCodes.Ldarg, LaunchArgument);
                il.Emit(OpCodes.Ldfld, typeof(LaunchInfo).GetField(nameof(LaunchInfo.DynamicSharedBytes))!);
                break;
            case Opcode.LocalStorage:
                PushScratch(scratch.Local(value.Immediate));
                il.Emit(OpCodes.Conv_I8);
                break;
            case Opcode.Load:
                memory.PushScalarLoad(value);
                break;
            case Opcode.BroadcastGroup or Opcode.BroadcastWarp:
                crossLane.PushBroadcast(value);
                break;
            case Opcode.BarrierPredicate:
                crossLane.PushPredicate(value);
                break;
            default:
                scalars.Push(value, vector);
                break;
        }
    }

    private void PushScratch(int offset)
    {
        il.Emit(OpCodes.Ldarg, ScratchArgument);
        if (offset == 0) return;
        il.Emit(OpCodes.Ldc_I4, offset);
        il.Emit(OpCodes.Add);
    }

    /// <summary>Pushes the linear index of a vector's first thread.</summary>
    private void PushFirstLinear(int vector)
    {
        if (context.Lanes.LockStep) il.Emit(OpCodes.Ldc_I4, vector * context.Lanes.Width);
        else il.Emit(OpCodes.Ldarg, LaneFromArgument);
    }

    private void PushFirstGroupIndex(int dimension, int vector)
    {
        if (context.Lanes.IsOneDimensional)
        {
            if (dimension == 0) PushFirstLinear(vector);
            else il.Emit(OpCodes.Ldc_I4_0);
        }
        else if (context.Lanes.LockStep)
        {
            il.Emit(OpCodes.Ldc_I4, context.Lanes.IndexOf(dimension, vector * context.Lanes.Width));
        }
        else
        {
            PushTableEntry(dimension, vector);
            il.Emit(OpCodes.Ldind_I4);
        }
    }

    /// <summary>Pushes the place in the table of indices along a dimension where a vector's threads start.</summary>
    private unsafe void PushTableEntry(int dimension, int vector)
    {
        il.Emit(OpCodes.Ldc_I8, (long)IndexTables.Of(context.Lanes, dimension));
        PushFirstLinear(vector);
        il.Emit(OpCodes.Ldc_I4, sizeof(int));
        il.Emit(OpCodes.Mul);
        il.Emit(OpCodes.Conv_I8);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Conv_I);
    }
}
