using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Emit;

/// <summary>Emits operations on scalars: what is uniform, and lane 0 of what is strided.</summary>
internal sealed class ScalarEmitter(IScalarOperands context)
{
    private readonly InstructionWriter il = context.IL;

    /// <summary>Pushes the result of a pure operation whose operands are scalars.</summary>
    public void Push(Value value, int vector)
    {
        var operands = value.Operands;
        var type = operands.Length > 0 ? operands[0].Type : value.Type;
        switch (value.Op)
        {
            case Opcode.Compare:
                Compare((Comparison)value.Immediate, operands[0], operands[1], vector);
                return;
            case Opcode.Select:
                Select(value, vector);
                return;
            case Opcode.MultiplyAdd or Opcode.MultiplySubtract or Opcode.NegatedMultiplyAdd:
                Fused(value, vector);
                return;
            case Opcode.MultiplyHighUnsigned:
                context.PushScalar(operands[0], vector);
                il.Emit(OpCodes.Conv_U8);
                context.PushScalar(operands[1], vector);
                il.Emit(OpCodes.Conv_U8);
                Emit(OpCodes.Mul);
                il.Emit(OpCodes.Ldc_I4, 32);
                Emit(OpCodes.Shr_Un, OpCodes.Conv_I4);
                return;
            case Opcode.Divide or Opcode.Remainder or Opcode.DivideUnsigned or Opcode.RemainderUnsigned when !type.IsFloat():
                Divide(value, type, vector);
                return;
        }
        foreach (var operand in operands)
        {
            context.PushScalar(operand, vector);
            // Shift counts are 32-bit in IL.
            if (operand == operands[^1] && operands.Length == 2 && IsShift(value.Op)) Count(type);
        }
        switch (value.Op)
        {
            case Opcode.Add: Emit(OpCodes.Add); break;
            case Opcode.Subtract: Emit(OpCodes.Sub); break;
            case Opcode.Multiply: Emit(OpCodes.Mul); break;
            case Opcode.Divide: Emit(OpCodes.Div); break;
            case Opcode.And: Emit(OpCodes.And); break;
            case Opcode.Or: Emit(OpCodes.Or); break;
            case Opcode.Xor: Emit(OpCodes.Xor); break;
            case Opcode.ShiftLeft: Emit(OpCodes.Shl); break;
            case Opcode.ShiftRight: Emit(OpCodes.Shr); break;
            case Opcode.ShiftRightUnsigned: Emit(OpCodes.Shr_Un); break;
            case Opcode.Negate: Emit(OpCodes.Neg); break;
            case Opcode.Not: Emit(OpCodes.Not); break;
            case Opcode.SignExtend: Extend(type, value.Type, true); break;
            case Opcode.ZeroExtend: Extend(type, value.Type, false); break;
            case Opcode.Truncate: Truncate(value.Type); break;
            case Opcode.SignedToFloat: Emit(value.Type == ScalarType.F32 ? OpCodes.Conv_R4 : OpCodes.Conv_R8); break;
            case Opcode.UnsignedToFloat: Emit(OpCodes.Conv_R_Un, value.Type == ScalarType.F32 ? OpCodes.Conv_R4 : OpCodes.Conv_R8); break;
            case Opcode.FloatToSigned: Emit(value.Type == ScalarType.I64 ? OpCodes.Conv_I8 : OpCodes.Conv_I4); break;
            case Opcode.FloatToUnsigned: Emit(value.Type == ScalarType.I64 ? OpCodes.Conv_U8 : OpCodes.Conv_U4); break;
            case Opcode.FloatToFloat: Emit(value.Type == ScalarType.F32 ? OpCodes.Conv_R4 : OpCodes.Conv_R8); break;
            case Opcode.Bitcast: Bitcast(type, value.Type); break;
            case Opcode.Minimum or Opcode.MinimumUnsigned: CallMath("Min", type, value.Op == Opcode.MinimumUnsigned, 2); break;
            case Opcode.Maximum or Opcode.MaximumUnsigned: CallMath("Max", type, value.Op == Opcode.MaximumUnsigned, 2); break;
            case Opcode.Absolute: Absolute(type); break;
            case Opcode.Floor: CallMath("Floor", type, false, 1); break;
            case Opcode.Ceiling: CallMath("Ceiling", type, false, 1); break;
            case Opcode.SquareRoot: CallMath("Sqrt", type, false, 1); break;
            case Opcode.Reciprocal: Reciprocal(type); break;
            case Opcode.ReciprocalSquareRoot: CallMath("Sqrt", type, false, 1); Reciprocal(type); break;
            case Opcode.PopulationCount or Opcode.LeadingZeroCount or Opcode.TrailingZeroCount: CountBits(value, type); break;
            case Opcode.Math: Math(value, type); break;
            default: throw new NotSupportedException($"the operation {value.Op} on scalars");
        }
    }

    /// <summary>Jumps to <paramref name="otherwise"/> unless the condition holds.</summary>
    public void BranchUnless(Value condition, Label otherwise)
    {
        context.PushScalar(condition, 0);
        il.Emit(OpCodes.Brfalse, otherwise);
    }

    /// <summary>Makes the 32-bit integer on the stack one of a narrower type, sign-extended.</summary>
    public void Truncate(ScalarType type)
    {
        switch (type)
        {
            case ScalarType.I8: Emit(OpCodes.Conv_I1); break;
            case ScalarType.I16: Emit(OpCodes.Conv_I2); break;
            case ScalarType.I32: Emit(OpCodes.Conv_I4); break;
            case ScalarType.Bool: Emit(OpCodes.Conv_I4, OpCodes.Ldc_I4_1, OpCodes.And); break;
        }
    }

    private void Emit(params OpCode[] codes)
    {
        foreach (var code in codes) il.Emit(code);
    }

    private static bool IsShift(Opcode op) => op is Opcode.ShiftLeft or Opcode.ShiftRight or Opcode.ShiftRightUnsigned;

    private void Count(ScalarType type)
    {
        if (type == ScalarType.I64) il.Emit(OpCodes.Conv_I4);
        il.Emit(OpCodes.Ldc_I4, type == ScalarType.I64 ? 63 : 31);
        il.Emit(OpCodes.And);
    }

    private void Extend(ScalarType from, ScalarType to, bool signed)
    {
        if (!signed && from == ScalarType.I8) Emit(OpCodes.Conv_U1);
        if (!signed && from == ScalarType.I16) Emit(OpCodes.Conv_U2);
        if (to == ScalarType.I64) Emit(signed ? OpCodes.Conv_I8 : OpCodes.Conv_U8);
        else if (to < ScalarType.I32 && to != ScalarType.Bool) Truncate(to);
    }

    private void Compare(Comparison comparison, Value left, Value right, int vector)
    {
        bool flag = (comparison & Comparison.UnsignedFlag) != 0;
        bool isFloat = left.Type.IsFloat();
        context.PushScalar(left, vector);
        context.PushScalar(right, vector);
        var not = new[] { OpCodes.Ldc_I4_0, OpCodes.Ceq };
        // IL's unsigned comparisons of floats are the unordered ones; <= is "not >", with the other treatment of NaN.
        switch (comparison & ~Comparison.UnsignedFlag)
        {
            case Comparison.Equal when flag && isFloat:
                var (a, b) = (il.DeclareLocal(StoragePlan.ScalarTypeOf(left.Type)), il.DeclareLocal(StoragePlan.ScalarTypeOf(left.Type)));
                il.Emit(OpCodes.Stloc, b);
                il.Emit(OpCodes.Stloc, a);
                il.Emit(OpCodes.Ldloc, a);
                il.Emit(OpCodes.Ldloc, b);
                Emit(OpCodes.Clt);
                il.Emit(OpCodes.Ldloc, a);
                il.Emit(OpCodes.Ldloc, b);
                Emit(OpCodes.Cgt, OpCodes.Or);
                Emit(not);
                break;
            case Comparison.Equal:
                Emit(OpCodes.Ceq);
                break;
            case Comparison.NotEqual:
                Emit(OpCodes.Ceq);
                Emit(not);
                break;
            case Comparison.Less:
                Emit(flag ? OpCodes.Clt_Un : OpCodes.Clt);
                break;
            case Comparison.Greater:
                Emit(flag ? OpCodes.Cgt_Un : OpCodes.Cgt);
                break;
            case Comparison.LessOrEqual:
                Emit(flag != isFloat ? OpCodes.Cgt_Un : OpCodes.Cgt);
                Emit(not);
                break;
            default:
                Emit(flag != isFloat ? OpCodes.Clt_Un : OpCodes.Clt);
                Emit(not);
                break;
        }
    }

    private void Select(Value value, int vector)
    {
        var (otherwise, done) = (il.DefineLabel(), il.DefineLabel());
        context.PushScalar(value.Operands[0], vector);
        il.Emit(OpCodes.Brfalse, otherwise);
        context.PushScalar(value.Operands[1], vector);
        il.Emit(OpCodes.Br, done);
        il.MarkLabel(otherwise);
        context.PushScalar(value.Operands[2], vector);
        il.MarkLabel(done);
    }

    private void Fused(Value value, int vector)
    {
        context.PushScalar(value.Operands[0], vector);
        if (value.Op == Opcode.NegatedMultiplyAdd) il.Emit(OpCodes.Neg);
        context.PushScalar(value.Operands[1], vector);
        context.PushScalar(value.Operands[2], vector);
        if (value.Op == Opcode.MultiplySubtract) il.Emit(OpCodes.Neg);
        CallMath("FusedMultiplyAdd", value.Type, false, 3);
    }

    private void Divide(Value value, ScalarType type, int vector)
    {
        bool unsigned = value.Op is Opcode.DivideUnsigned or Opcode.RemainderUnsigned;
        bool remainder = value.Op is Opcode.Remainder or Opcode.RemainderUnsigned;
        context.PushScalar(value.Operands[0], vector);
        context.PushScalar(value.Operands[1], vector);
        if (value.Operands[1].IsConstant && value.Operands[1].Immediate is not (0 or -1))
        {
            Emit((remainder, unsigned) switch
            {
                (false, false) => OpCodes.Div,
                (false, true) => OpCodes.Div_Un,
                (true, false) => OpCodes.Rem,
                _ => OpCodes.Rem_Un,
            });
            return;
        }
        il.Emit(OpCodes.Call, typeof(ScalarFunctions).GetMethod(remainder ? "Remainder" : "Divide")!.MakeGenericMethod(IntegerType(type, unsigned)));
    }

    private void Bitcast(ScalarType from, ScalarType to)
    {
        if (from.IsFloat() == to.IsFloat()) return;
        il.Emit(OpCodes.Call, typeof(Unsafe).GetMethod("BitCast")!.MakeGenericMethod(VectorMethods.Element(from), VectorMethods.Element(to)));
    }

    private void Absolute(ScalarType type)
    {
        if (type.IsFloat())
        {
            CallMath("Abs", type, false, 1);
            return;
        }
        // Math.Abs throws for the smallest integer: (x ^ s) - s with s = x >> 31 or 63 gives it back.
        var element = VectorMethods.Element(type);
        var (x, sign) = (il.DeclareLocal(element), il.DeclareLocal(element));
        il.Emit(OpCodes.Stloc, x);
        il.Emit(OpCodes.Ldloc, x);
        il.Emit(OpCodes.Ldc_I4, type == ScalarType.I64 ? 63 : 31);
        il.Emit(OpCodes.Shr);
        il.Emit(OpCodes.Stloc, sign);
        il.Emit(OpCodes.Ldloc, x);
        il.Emit(OpCodes.Ldloc, sign);
        il.Emit(OpCodes.Xor);
        il.Emit(OpCodes.Ldloc, sign);
        il.Emit(OpCodes.Sub);
    }

    private void Reciprocal(ScalarType type)
    {
        var x = il.DeclareLocal(VectorMethods.Element(type));
        il.Emit(OpCodes.Stloc, x);
        if (type == ScalarType.F32) il.Emit(OpCodes.Ldc_R4, 1f);
        else il.Emit(OpCodes.Ldc_R8, 1d);
        il.Emit(OpCodes.Ldloc, x);
        il.Emit(OpCodes.Div);
    }

    private void CallMath(string name, ScalarType type, bool unsigned, int count)
    {
        var element = type.IsFloat() ? VectorMethods.Element(type) : IntegerType(type, unsigned);
        var owner = type == ScalarType.F32 ? typeof(MathF) : typeof(Math);
        il.Emit(OpCodes.Call, owner.GetMethod(name, [.. Enumerable.Repeat(element, count)]) ?? throw new MissingMethodException(owner.Name, name));
    }

    private void CountBits(Value value, ScalarType type)
    {
        il.Emit(OpCodes.Ldc_I4, (int)value.Op);
        il.Emit(OpCodes.Call, typeof(ScalarFunctions).GetMethod("CountBits")!.MakeGenericMethod(VectorMethods.Element(type)));
        if (value.Type == ScalarType.I64) il.Emit(OpCodes.Conv_I8);
    }

    private void Math(Value value, ScalarType type)
    {
        if (value.Operands.Length == 1)
        {
            if (type == ScalarType.F32) il.Emit(OpCodes.Ldc_R4, 0f);
            else il.Emit(OpCodes.Ldc_R8, 0d);
        }
        il.Emit(OpCodes.Ldc_I4, (int)value.Immediate);
        il.Emit(OpCodes.Call, typeof(ScalarFunctions).GetMethod("Math")!.MakeGenericMethod(VectorMethods.Element(type)));
    }

    private static Type IntegerType(ScalarType type, bool unsigned) => (type == ScalarType.I64, unsigned) switch
    {
        (true, true) => typeof(ulong),
        (true, false) => typeof(long),
        (false, true) => typeof(uint),
        _ => typeof(int),
    };
}
