using System.Reflection.Emit;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Emit;

/// <summary>What the parts of the emitter share: the IL stream, the plan, and how operands and masks are pushed.</summary>
internal sealed class EmissionContext(InstructionWriter il, VectorMethods methods, LaneModel lanes, ShapeAnalysis shapes, StoragePlan storage) : IScalarOperands
{
    /// <summary>The method's IL.</summary>
    public InstructionWriter IL { get; } = il;

    /// <summary>Vector operations.</summary>
    public VectorMethods Methods { get; } = methods;

    /// <summary>Lanes and vectors of the group.</summary>
    public LaneModel Lanes { get; } = lanes;

    /// <summary>Shapes of values.</summary>
    public ShapeAnalysis Shapes { get; } = shapes;

    /// <summary>Locals of values.</summary>
    public StoragePlan Storage { get; } = storage;

    /// <summary>Mask of the block that is being emitted, one local a vector; null where all lanes are active.</summary>
    public LocalBuilder[]? Mask { get; set; }

    /// <summary>Emits the scalar computation of an inlined value; set by the value emitter.</summary>
    public Action<Value, int> EmitInlined { get; set; } = null!;

    /// <summary>Type of vectors of 32-bit integers, which masks are too.</summary>
    public Type MaskType => Methods.Vector(typeof(int));

    /// <summary>Pushes a value as a scalar: of a strided one, lane 0 of vector <paramref name="vector"/>.</summary>
    public void PushScalar(Value value, int vector)
    {
        if (value.IsConstant)
        {
            IL.PushConstant(value);
        }
        else if (Storage.IsInlined(value))
        {
            EmitInlined(value, vector);
        }
        else
        {
            var scalars = Storage.Of(value)!.Scalars!;
            IL.Emit(OpCodes.Ldloc, scalars[scalars.Length == 1 ? 0 : vector]);
        }
    }

    /// <summary>Pushes one part of a value as a vector.</summary>
    public void PushVector(Value value, int vector, int part)
    {
        if (!value.IsConstant && Storage.Of(value)?.Vectors is { } vectors)
        {
            IL.Emit(OpCodes.Ldloc, vectors[vector * StoragePlan.Parts(value.Type) + part]);
            return;
        }
        PushScalar(value, vector);
        Spread(value, part);
    }

    /// <summary>Turns the scalar of a value on the stack into a vector of its lanes.</summary>
    public void Spread(Value value, int part)
    {
        var element = VectorMethods.Element(value.Type);
        if (value.Type == ScalarType.Bool) IL.Emit(OpCodes.Neg);
        IL.Emit(OpCodes.Call, Methods.Broadcast(element));
        long stride = Shapes.Of(value).Stride;
        if (stride == 0) return;
        int count = Methods.Bits / 8 / (element == typeof(long) ? 8 : 4);
        for (int lane = 0; lane < count; lane++)
        {
            long offset = stride * (part * count + lane);
            if (element == typeof(long)) IL.Emit(OpCodes.Ldc_I8, offset);
            else IL.Emit(OpCodes.Ldc_I4, unchecked((int)offset));
        }
        IL.Emit(OpCodes.Call, Methods.CreateLanes(element));
        IL.Emit(OpCodes.Call, Methods.Operation("Add", element));
    }

    /// <summary>Pushes a mask for vectors of an element type; wide elements take half of the mask a part.</summary>
    public void PushMask(LocalBuilder[] mask, int vector, int part, Type element)
    {
        IL.Emit(OpCodes.Ldloc, mask[vector]);
        MaskAs(part, element);
    }

    /// <summary>Makes the 32-bit mask on the stack one for vectors of an element type.</summary>
    public void MaskAs(int part, Type element)
    {
        if (element == typeof(int)) return;
        var source = typeof(int);
        if (element != typeof(float))
        {
            IL.Emit(OpCodes.Call, Methods.Exact(part == 0 ? "WidenLower" : "WidenUpper", MaskType));
            source = typeof(long);
        }
        if (element != source) IL.Emit(OpCodes.Call, Methods.Reinterpret(source, element));
    }

    /// <summary>Pushes the bits of the lanes that a mask selects: an integer that is 0 where none is.</summary>
    public void PushBits(LocalBuilder mask)
    {
        IL.Emit(OpCodes.Ldloc, mask);
        TurnIntoBits();
    }

    /// <summary>Pushes 0 where no lane of the mask is set, in any vector; else something else.</summary>
    public void PushAny(LocalBuilder[] mask)
    {
        for (int vector = 0; vector < mask.Length; vector++)
        {
            IL.Emit(OpCodes.Ldloc, mask[vector]);
            if (vector > 0) IL.Emit(OpCodes.Call, Methods.Operation("BitwiseOr", typeof(int)));
        }
        TurnIntoBits();
    }

    /// <summary>
    /// Turns the mask on the stack into its lanes' bits. Of four lanes, .NET 10's JIT returns more bits where the mask is a complement that it keeps in a mask
    /// register: it complements all eight bits of the register.
    /// </summary>
    public void TurnIntoBits()
    {
        IL.Emit(OpCodes.Call, Methods.Operation("ExtractMostSignificantBits", typeof(int)));
        if (Methods.Bits != 128) return;
        IL.Emit(OpCodes.Ldc_I4, 15);
        IL.Emit(OpCodes.And);
    }
}
