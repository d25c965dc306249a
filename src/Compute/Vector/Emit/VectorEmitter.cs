using System.Numerics;
using System.Reflection.Emit;
using System.Runtime.Intrinsics.X86;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Emit;

/// <summary>Emits pure operations on vectors: one vector, one part at a time.</summary>
internal sealed class VectorEmitter(EmissionContext context, SpillArea spill)
{
    private readonly InstructionWriter il = context.IL;
    private readonly VectorMethods methods = context.Methods;

    /// <summary>Computes a varying value into its vectors.</summary>
    public void Emit(Value value, LocalBuilder[] target)
    {
        int parts = StoragePlan.Parts(value.Type);
        for (int vector = 0; vector < context.Lanes.Vectors; vector++)
        {
            bool spilled = Spill(value, vector);
            for (int part = 0; part < parts; part++)
            {
                if (spilled) spill.PushResult(value.Type, part);
                else Push(value, vector, part);
                il.Emit(OpCodes.Stloc, target[vector * parts + part]);
            }
        }
    }

    /// <summary>Runs an operation that vectors do not have lane by lane; the result is in the spill area. False where vectors have it.</summary>
    private bool Spill(Value value, int vector)
    {
        var operands = value.Operands;
        var type = operands.Length > 0 ? operands[0].Type : value.Type;
        var element = VectorMethods.Element(type);
        bool isLong = type == ScalarType.I64;
        var unsigned = isLong ? typeof(ulong) : typeof(uint);
        (string Function, Type[] Generic, int[] Arguments)? call = value.Op switch
        {
            Opcode.Divide when !type.IsFloat() => ("Divide", [element], []),
            Opcode.Remainder => ("Remainder", [element], []),
            Opcode.DivideUnsigned => ("Divide", [unsigned], []),
            Opcode.RemainderUnsigned => ("Remainder", [unsigned], []),
            Opcode.ShiftLeft when !HasUniformCount(value) => ("ShiftLeft", [element], []),
            Opcode.ShiftRight when !HasUniformCount(value) => ("ShiftRight", [element], []),
            Opcode.ShiftRightUnsigned when !HasUniformCount(value) => ("ShiftRight", [unsigned], []),
            Opcode.MultiplyHighUnsigned when !methods.HasEvenProducts => ("MultiplyHigh", [], []),
            Opcode.PopulationCount or Opcode.LeadingZeroCount or Opcode.TrailingZeroCount => ("CountBits", [element], [(int)value.Op]),
            Opcode.Math => (type == ScalarType.F32 ? "MathOfSingle" : "MathOfDouble", [], [(int)value.Immediate]),
            Opcode.SignedToFloat when isLong && value.Type == ScalarType.F32 => ("Convert", [typeof(long), typeof(float)], []),
            Opcode.UnsignedToFloat when isLong => ("Convert", [typeof(ulong), VectorMethods.Element(value.Type)], []),
            Opcode.FloatToSigned when !(type == ScalarType.F32 && value.Type == ScalarType.I32) => ("Convert", [element, VectorMethods.Element(value.Type)], []),
            Opcode.FloatToUnsigned => ("Convert", [element, value.Type == ScalarType.I64 ? typeof(ulong) : typeof(uint)], []),
            _ => null,
        };
        if (call is not { } function) return false;
        for (int index = 0; index < operands.Length; index++) spill.Store(index, operands[index], vector);
        spill.Call(function.Function, function.Generic, function.Arguments);
        return true;
    }

    private bool HasUniformCount(Value shift) => context.Shapes.Of(shift.Operands[1]).IsUniform;

    private void Push(Value value, int vector, int part)
    {
        var operands = value.Operands;
        var type = operands.Length > 0 ? operands[0].Type : value.Type;
        var element = VectorMethods.Element(type);
        switch (value.Op)
        {
            case Opcode.Compare:
                Compare(value, vector);
                return;
            case Opcode.Select:
                context.PushVector(operands[0], vector, 0);
                context.MaskAs(part, VectorMethods.Element(value.Type));
                context.PushVector(operands[1], vector, part);
                context.PushVector(operands[2], vector, part);
                Call("ConditionalSelect", VectorMethods.Element(value.Type));
                return;
            case Opcode.ShiftLeft or Opcode.ShiftRight or Opcode.ShiftRightUnsigned:
                Shift(value, vector, part, element);
                return;
            case Opcode.Multiply when operands[1].IsConstant && !type.IsFloat() && BitOperations.IsPow2(operands[1].Immediate):
                context.PushVector(operands[0], vector, part);
                il.Emit(OpCodes.Ldc_I4, BitOperations.TrailingZeroCount(operands[1].Immediate));
                il.Emit(OpCodes.Call, methods.Exact("ShiftLeft", methods.Vector(element), typeof(int)));
                return;
            case Opcode.MultiplyAdd or Opcode.MultiplySubtract or Opcode.NegatedMultiplyAdd:
                Fused(value, vector, part, element);
                return;
            case Opcode.MultiplyHighUnsigned:
                MultiplyHigh(operands[0], operands[1], vector);
                return;
            case Opcode.SignExtend or Opcode.ZeroExtend or Opcode.Truncate or Opcode.SignedToFloat or Opcode.UnsignedToFloat or Opcode.FloatToSigned or
                Opcode.FloatToFloat or Opcode.Bitcast:
                Convert(value, vector, part);
                return;
            case Opcode.Reciprocal:
                PushOne(type);
                context.PushVector(operands[0], vector, part);
                Call("Divide", element);
                return;
            case Opcode.ReciprocalSquareRoot:
                PushOne(type);
                context.PushVector(operands[0], vector, part);
                Call("Sqrt", element);
                Call("Divide", element);
                return;
        }
        bool unsigned = value.Op is Opcode.MinimumUnsigned or Opcode.MaximumUnsigned;
        foreach (var operand in operands)
        {
            context.PushVector(operand, vector, part);
            if (unsigned) il.Emit(OpCodes.Call, methods.Reinterpret(element, Unsigned(element)));
        }
        Call(value.Op switch
        {
            Opcode.Add => "Add",
            Opcode.Subtract => "Subtract",
            Opcode.Multiply => "Multiply",
            Opcode.Divide => "Divide",
            Opcode.And => "BitwiseAnd",
            Opcode.Or => "BitwiseOr",
            Opcode.Xor => "Xor",
            Opcode.Not => "OnesComplement",
            Opcode.Negate => "Negate",
            Opcode.Absolute => "Abs",
            Opcode.SquareRoot => "Sqrt",
            Opcode.Floor => "Floor",
            Opcode.Ceiling => "Ceiling",
            Opcode.Minimum or Opcode.MinimumUnsigned => "Min",
            Opcode.Maximum or Opcode.MaximumUnsigned => "Max",
            _ => throw new NotSupportedException($"the operation {value.Op} on vectors"),
        }, unsigned ? Unsigned(element) : element);
        if (unsigned) il.Emit(OpCodes.Call, methods.Reinterpret(Unsigned(element), element));
    }

    private void Call(string name, Type element)
    {
        var method = name is "Floor" or "Ceiling" ? methods.Exact(name, methods.Vector(element)) : methods.Operation(name, element);
        il.Emit(OpCodes.Call, method);
    }

    private static Type Unsigned(Type element) => element == typeof(long) ? typeof(ulong) : typeof(uint);

    private void PushOne(ScalarType type)
    {
        if (type == ScalarType.F32) il.Emit(OpCodes.Ldc_R4, 1f);
        else il.Emit(OpCodes.Ldc_R8, 1d);
        il.Emit(OpCodes.Call, methods.Broadcast(VectorMethods.Element(type)));
    }

    /// <summary>Compares into a mask of 32-bit lanes; 64-bit operands give two masks that are narrowed.</summary>
    private void Compare(Value value, int vector)
    {
        var (left, right) = (value.Operands[0], value.Operands[1]);
        int parts = StoragePlan.Parts(left.Type);
        for (int part = 0; part < parts; part++) ComparePart((Comparison)value.Immediate, left, right, vector, part);
        if (parts == 2) il.Emit(OpCodes.Call, methods.Exact("Narrow", methods.Vector(typeof(long)), methods.Vector(typeof(long))));
    }

    private void ComparePart(Comparison comparison, Value left, Value right, int vector, int part)
    {
        var element = VectorMethods.Element(left.Type);
        var maskElement = left.Type.IsWide() ? typeof(long) : typeof(int);
        bool flag = (comparison & Comparison.UnsignedFlag) != 0;
        var compared = flag && !left.Type.IsFloat() ? Unsigned(element) : element;
        foreach (var operand in new[] { left, right })
        {
            context.PushVector(operand, vector, part);
            if (compared != element) il.Emit(OpCodes.Call, methods.Reinterpret(element, compared));
        }
        bool unordered = flag && left.Type.IsFloat();
        // "x < y or unordered" is "not x >= y".
        var (name, invert) = ((comparison & ~Comparison.UnsignedFlag), unordered) switch
        {
            (Comparison.Equal, true) => ("", false),
            (Comparison.Equal, _) => ("Equals", false),
            (Comparison.NotEqual, _) => ("Equals", true),
            (Comparison.Less, false) => ("LessThan", false),
            (Comparison.Less, true) => ("GreaterThanOrEqual", true),
            (Comparison.LessOrEqual, false) => ("LessThanOrEqual", false),
            (Comparison.LessOrEqual, true) => ("GreaterThan", true),
            (Comparison.Greater, false) => ("GreaterThan", false),
            (Comparison.Greater, true) => ("LessThanOrEqual", true),
            (Comparison.GreaterOrEqual, false) => ("GreaterThanOrEqual", false),
            _ => ("LessThan", true),
        };
        if (name.Length == 0)
        {
            // Equal or unordered: neither less nor greater.
            var (a, b) = (il.DeclareLocal(methods.Vector(element)), il.DeclareLocal(methods.Vector(element)));
            il.Emit(OpCodes.Stloc, b);
            il.Emit(OpCodes.Stloc, a);
            foreach (string order in new[] { "LessThan", "GreaterThan" })
            {
                il.Emit(OpCodes.Ldloc, a);
                il.Emit(OpCodes.Ldloc, b);
                Call(order, element);
            }
            Call("BitwiseOr", element);
            (compared, invert) = (element, true);
        }
        else
        {
            Call(name, compared);
        }
        if (compared != maskElement) il.Emit(OpCodes.Call, methods.Reinterpret(compared, maskElement));
        if (invert) Call("OnesComplement", maskElement);
    }

    private void Shift(Value value, int vector, int part, Type element)
    {
        context.PushVector(value.Operands[0], vector, part);
        int mask = element == typeof(long) ? 63 : 31;
        var count = value.Operands[1];
        if (count.IsConstant)
        {
            il.Emit(OpCodes.Ldc_I4, (int)count.Immediate & mask);
        }
        else
        {
            context.PushScalar(count, vector);
            if (count.Type == ScalarType.I64) il.Emit(OpCodes.Conv_I4);
            il.Emit(OpCodes.Ldc_I4, mask);
            il.Emit(OpCodes.And);
        }
        string name = value.Op switch
        {
            Opcode.ShiftLeft => "ShiftLeft",
            Opcode.ShiftRight => "ShiftRightArithmetic",
            _ => "ShiftRightLogical",
        };
        il.Emit(OpCodes.Call, methods.Exact(name, methods.Vector(element), typeof(int)));
    }

    private void Fused(Value value, int vector, int part, Type element)
    {
        context.PushVector(value.Operands[0], vector, part);
        if (value.Op == Opcode.NegatedMultiplyAdd) Call("Negate", element);
        context.PushVector(value.Operands[1], vector, part);
        context.PushVector(value.Operands[2], vector, part);
        if (value.Op == Opcode.MultiplySubtract) Call("Negate", element);
        var type = methods.Vector(element);
        il.Emit(OpCodes.Call, methods.Exact("FusedMultiplyAdd", type, type, type));
    }

    /// <summary>Products of even lanes shifted down, joined with the high halves of the products of odd lanes.</summary>
    private void MultiplyHigh(Value left, Value right, int vector)
    {
        var (narrow, wide) = (methods.Vector(typeof(uint)), methods.Vector(typeof(ulong)));
        var multiply = (methods.Bits switch
        {
            512 => typeof(Avx512F),
            256 => typeof(Avx2),
            _ => typeof(Sse2),
        }).GetMethod("Multiply", [narrow, narrow])!;
        for (int odd = 0; odd < 2; odd++)
        {
            foreach (var operand in new[] { left, right })
            {
                context.PushVector(operand, vector, 0);
                il.Emit(OpCodes.Call, methods.Reinterpret(typeof(int), typeof(ulong)));
                if (odd == 1)
                {
                    il.Emit(OpCodes.Ldc_I4, 32);
                    il.Emit(OpCodes.Call, methods.Exact("ShiftRightLogical", wide, typeof(int)));
                }
                il.Emit(OpCodes.Call, methods.Reinterpret(typeof(ulong), typeof(uint)));
            }
            il.Emit(OpCodes.Call, multiply);
            if (odd == 0)
            {
                il.Emit(OpCodes.Ldc_I4, 32);
                il.Emit(OpCodes.Call, methods.Exact("ShiftRightLogical", wide, typeof(int)));
            }
            else
            {
                il.Emit(OpCodes.Ldc_I8, unchecked((long)0xFFFFFFFF00000000));
                il.Emit(OpCodes.Call, methods.Broadcast(typeof(ulong)));
                Call("BitwiseAnd", typeof(ulong));
            }
        }
        Call("BitwiseOr", typeof(ulong));
        il.Emit(OpCodes.Call, methods.Reinterpret(typeof(ulong), typeof(int)));
    }

    private void Convert(Value value, int vector, int part)
    {
        var operand = value.Operands[0];
        var (from, to) = (operand.Type, value.Type);
        var (source, target) = (VectorMethods.Element(from), VectorMethods.Element(to));
        switch (value.Op)
        {
            case Opcode.Bitcast:
                context.PushVector(operand, vector, part);
                if (source != target) il.Emit(OpCodes.Call, methods.Reinterpret(source, target));
                break;
            case Opcode.Truncate when from == ScalarType.I64:
                context.PushVector(operand, vector, 0);
                context.PushVector(operand, vector, 1);
                il.Emit(OpCodes.Call, methods.Exact("Narrow", methods.Vector(typeof(long)), methods.Vector(typeof(long))));
                SignExtendLow(to);
                break;
            case Opcode.Truncate:
                context.PushVector(operand, vector, 0);
                SignExtendLow(to);
                break;
            case Opcode.SignExtend or Opcode.ZeroExtend:
                context.PushVector(operand, vector, 0);
                if (from == ScalarType.Bool) Call("Negate", typeof(int));
                else if (value.Op == Opcode.ZeroExtend && from < ScalarType.I32) KeepLow(from);
                if (to == ScalarType.I64) Widen(part, value.Op == Opcode.ZeroExtend);
                break;
            case Opcode.SignedToFloat or Opcode.UnsignedToFloat when from == ScalarType.I64:
                context.PushVector(operand, vector, part);
                il.Emit(OpCodes.Call, methods.Exact("ConvertToDouble", methods.Vector(typeof(long))));
                break;
            case Opcode.SignedToFloat or Opcode.UnsignedToFloat:
                bool unsigned = value.Op == Opcode.UnsignedToFloat;
                context.PushVector(operand, vector, 0);
                if (to == ScalarType.F64)
                {
                    Widen(part, unsigned);
                    il.Emit(OpCodes.Call, methods.Exact("ConvertToDouble", methods.Vector(typeof(long))));
                    break;
                }
                if (unsigned) il.Emit(OpCodes.Call, methods.Reinterpret(typeof(int), typeof(uint)));
                il.Emit(OpCodes.Call, methods.Exact("ConvertToSingle", methods.Vector(unsigned ? typeof(uint) : typeof(int))));
                break;
            case Opcode.FloatToSigned:
                context.PushVector(operand, vector, 0);
                il.Emit(OpCodes.Call, methods.Exact("ConvertToInt32", methods.Vector(typeof(float))));
                break;
            default:
                if (to == ScalarType.F64)
                {
                    context.PushVector(operand, vector, 0);
                    il.Emit(OpCodes.Call, methods.Exact(part == 0 ? "WidenLower" : "WidenUpper", methods.Vector(typeof(float))));
                }
                else
                {
                    context.PushVector(operand, vector, 0);
                    context.PushVector(operand, vector, 1);
                    il.Emit(OpCodes.Call, methods.Exact("Narrow", methods.Vector(typeof(double)), methods.Vector(typeof(double))));
                }
                break;
        }
    }

    private void Widen(int part, bool unsigned)
    {
        if (unsigned) il.Emit(OpCodes.Call, methods.Reinterpret(typeof(int), typeof(uint)));
        il.Emit(OpCodes.Call, methods.Exact(part == 0 ? "WidenLower" : "WidenUpper", methods.Vector(unsigned ? typeof(uint) : typeof(int))));
        if (unsigned) il.Emit(OpCodes.Call, methods.Reinterpret(typeof(ulong), typeof(long)));
    }

    private void SignExtendLow(ScalarType type)
    {
        if (type is not (ScalarType.I8 or ScalarType.I16)) return;
        foreach (string shift in new[] { "ShiftLeft", "ShiftRightArithmetic" })
        {
            il.Emit(OpCodes.Ldc_I4, type == ScalarType.I8 ? 24 : 16);
            il.Emit(OpCodes.Call, methods.Exact(shift, methods.Vector(typeof(int)), typeof(int)));
        }
    }

    private void KeepLow(ScalarType type)
    {
        il.Emit(OpCodes.Ldc_I4, type == ScalarType.I8 ? 0xFF : 0xFFFF);
        il.Emit(OpCodes.Call, methods.Broadcast(typeof(int)));
        Call("BitwiseAnd", typeof(int));
    }
}
