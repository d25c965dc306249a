using System.Reflection.Emit;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Emit;

/// <summary>Emits what moves values between lanes: shuffles, broadcasts, predicates of a whole group. A warp is one vector.</summary>
internal sealed class CrossLaneEmitter(EmissionContext context, SpillArea spill)
{
    private readonly InstructionWriter il = context.IL;
    private readonly VectorMethods methods = context.Methods;

    /// <summary>Shuffles lanes of every warp.</summary>
    public void Shuffle(Value shuffle, LocalBuilder[] target)
    {
        var element = VectorMethods.Element(shuffle.Type);
        int parts = StoragePlan.Parts(shuffle.Type);
        int width = shuffle.Operands.Length > 2 ? (int)shuffle.Operands[2].Immediate : methods.Width;
        for (int vector = 0; vector < context.Lanes.Vectors; vector++)
        {
            if (parts == 1 && shuffle.Operands[1].IsConstant)
            {
                context.PushVector(shuffle.Operands[0], vector, 0);
                PushSources((ShuffleMode)shuffle.Immediate, (int)shuffle.Operands[1].Immediate, width);
                il.Emit(OpCodes.Call, methods.Exact("ShuffleNative", methods.Vector(element), methods.Vector(typeof(int))));
                il.Emit(OpCodes.Stloc, target[vector]);
                continue;
            }
            spill.Store(0, shuffle.Operands[0], vector);
            spill.Store(1, shuffle.Operands[1], vector);
            spill.Call(nameof(LaneFunctions.Shuffle), [element], (int)shuffle.Immediate, width);
            for (int part = 0; part < parts; part++)
            {
                spill.PushResult(shuffle.Type, part);
                il.Emit(OpCodes.Stloc, target[vector * parts + part]);
            }
        }
    }

    /// <summary>Pushes the value that one thread of the group has, as a scalar.</summary>
    public void PushBroadcast(Value broadcast)
    {
        var (value, origin) = (broadcast.Operands[0], broadcast.Operands[1]);
        if (context.Shapes.Of(value).IsUniform)
        {
            context.PushScalar(value, 0);
            return;
        }
        var element = VectorMethods.Element(value.Type);
        int parts = StoragePlan.Parts(value.Type);
        int perPart = methods.Width / parts;
        var result = il.DeclareLocal(element);
        var thread = il.DeclareLocal(typeof(int));
        PushFirst(origin);
        if (origin.Type == ScalarType.I64) il.Emit(OpCodes.Conv_I4);
        il.Emit(OpCodes.Stloc, thread);
        var done = il.DefineLabel();
        for (int vector = 0; vector < context.Lanes.Vectors; vector++)
        {
            for (int part = 0; part < parts; part++)
            {
                var next = il.DefineLabel();
                int start = vector * methods.Width + part * perPart;
                il.Emit(OpCodes.Ldloc, thread);
                il.Emit(OpCodes.Ldc_I4, start + perPart);
                il.Emit(OpCodes.Bge, next);
                context.PushVector(value, vector, part);
                il.Emit(OpCodes.Ldloc, thread);
                il.Emit(OpCodes.Ldc_I4, start);
                il.Emit(OpCodes.Sub);
                il.Emit(OpCodes.Call, methods.GetElement(element));
                il.Emit(OpCodes.Stloc, result);
                il.Emit(OpCodes.Br, done);
                il.MarkLabel(next);
            }
        }
        il.MarkLabel(done);
        il.Emit(OpCodes.Ldloc, result);
        if (value.Type == ScalarType.Bool)
        {
            il.Emit(OpCodes.Ldc_I4_1);
            il.Emit(OpCodes.And);
        }
    }

    /// <summary>Pushes a value that is meant to be the same in all threads: where it is not, that of the first thread.</summary>
    private void PushFirst(Value value)
    {
        if (!context.Shapes.Of(value).IsVarying)
        {
            context.PushScalar(value, 0);
            return;
        }
        context.PushVector(value, 0, 0);
        il.Emit(OpCodes.Ldc_I4_0);
        il.Emit(OpCodes.Call, methods.GetElement(VectorMethods.Element(value.Type)));
    }

    /// <summary>Broadcasts a lane of every warp to that warp.</summary>
    public void BroadcastWarp(Value broadcast, LocalBuilder[] target)
    {
        var (value, origin) = (broadcast.Operands[0], broadcast.Operands[1]);
        var element = VectorMethods.Element(value.Type);
        int parts = StoragePlan.Parts(value.Type);
        for (int vector = 0; vector < context.Lanes.Vectors; vector++)
        {
            spill.Store(0, value, vector);
            spill.Store(1, origin, vector);
            spill.Call(nameof(LaneFunctions.Shuffle), [element], (int)ShuffleMode.Lane, methods.Width);
            for (int part = 0; part < parts; part++)
            {
                spill.PushResult(value.Type, part);
                il.Emit(OpCodes.Stloc, target[vector * parts + part]);
            }
        }
    }

    /// <summary>Pushes how many of the threads that are here hold a truth value, or whether all or any of them do.</summary>
    public void PushPredicate(Value predicate)
    {
        var kind = (GroupPredicate)predicate.Immediate;
        var count = il.DeclareLocal(typeof(int));
        il.Emit(OpCodes.Ldc_I4_0);
        il.Emit(OpCodes.Stloc, count);
        for (int vector = 0; vector < context.Lanes.Vectors; vector++)
        {
            int active = Math.Min(methods.Width, context.Lanes.GroupSize - vector * methods.Width);
            context.PushVector(predicate.Operands[0], vector, 0);
            // All hold it where nobody holds the opposite.
            if (kind == GroupPredicate.And) il.Emit(OpCodes.Call, methods.Operation("OnesComplement", typeof(int)));
            if (context.Mask is { } mask)
            {
                il.Emit(OpCodes.Ldloc, mask[vector]);
                il.Emit(OpCodes.Call, methods.Operation("BitwiseAnd", typeof(int)));
            }
            il.Emit(OpCodes.Call, methods.Operation("ExtractMostSignificantBits", typeof(int)));
            il.Emit(OpCodes.Conv_I8);
            il.Emit(OpCodes.Ldc_I8, (1L << active) - 1);
            il.Emit(OpCodes.And);
            il.Emit(OpCodes.Ldc_I4, (int)Opcode.PopulationCount);
            il.Emit(OpCodes.Call, typeof(ScalarFunctions).GetMethod(nameof(ScalarFunctions.CountBits))!.MakeGenericMethod(typeof(long)));
            il.Emit(OpCodes.Ldloc, count);
            il.Emit(OpCodes.Add);
            il.Emit(OpCodes.Stloc, count);
        }
        il.Emit(OpCodes.Ldloc, count);
        if (kind == GroupPredicate.PopulationCount) return;
        il.Emit(OpCodes.Ldc_I4_0);
        il.Emit(OpCodes.Ceq);
        if (kind == GroupPredicate.And) return;
        il.Emit(OpCodes.Ldc_I4_0);
        il.Emit(OpCodes.Ceq);
    }

    private void PushSources(ShuffleMode mode, int origin, int width)
    {
        for (int lane = 0; lane < methods.Width; lane++)
        {
            int first = lane / width * width;
            int source = mode switch
            {
                ShuffleMode.Down => lane + origin,
                ShuffleMode.Up => lane - origin,
                ShuffleMode.Xor => lane ^ origin,
                _ => first + origin,
            };
            il.Emit(OpCodes.Ldc_I4, source >= first && source < first + width && source < methods.Width ? source : lane);
        }
        il.Emit(OpCodes.Call, methods.CreateLanes(typeof(int)));
    }
}
