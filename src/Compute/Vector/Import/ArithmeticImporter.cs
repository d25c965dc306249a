using Engine.Compute.Vector.IR;
using ILGPU.IR.Values;
using Value = Engine.Compute.Vector.IR.Value;

namespace Engine.Compute.Vector.Import;

/// <summary>Converts ILGPU's arithmetic, comparisons and conversions, whose signedness lies in flags, into operations that carry it.</summary>
internal sealed class ArithmeticImporter(Function function, Func<Value, Value> append)
{
    /// <summary>One operand.</summary>
    public Value Unary(UnaryArithmeticKind kind, Value value, ScalarType resultType) => kind switch
    {
        UnaryArithmeticKind.Neg => Emit(Opcode.Negate, value.Type, 0, value),
        UnaryArithmeticKind.Not => value.Type == ScalarType.Bool
            ? Emit(Opcode.Xor, ScalarType.Bool, 0, value, function.Constant(ScalarType.Bool, 1L))
            : Emit(Opcode.Not, value.Type, 0, value),
        UnaryArithmeticKind.Abs => Emit(Opcode.Absolute, value.Type, 0, value),
        UnaryArithmeticKind.PopC => Emit(Opcode.PopulationCount, resultType, 0, value),
        UnaryArithmeticKind.CLZ => Emit(Opcode.LeadingZeroCount, resultType, 0, value),
        UnaryArithmeticKind.CTZ => Emit(Opcode.TrailingZeroCount, resultType, 0, value),
        UnaryArithmeticKind.RcpF => Emit(Opcode.Reciprocal, value.Type, 0, value),
        UnaryArithmeticKind.IsNaNF => Emit(Opcode.Compare, ScalarType.Bool, (long)Comparison.NotEqual, value, value),
        UnaryArithmeticKind.IsInfF => Magnitude(Comparison.Equal, value),
        UnaryArithmeticKind.IsFinF => Magnitude(Comparison.Less, value),
        UnaryArithmeticKind.SqrtF => Emit(Opcode.SquareRoot, value.Type, 0, value),
        UnaryArithmeticKind.RsqrtF => Emit(Opcode.ReciprocalSquareRoot, value.Type, 0, value),
        UnaryArithmeticKind.FloorF => Emit(Opcode.Floor, value.Type, 0, value),
        UnaryArithmeticKind.CeilingF => Emit(Opcode.Ceiling, value.Type, 0, value),
        UnaryArithmeticKind.AsinF => Math(MathFunction.Asin, value),
        UnaryArithmeticKind.SinF => Math(MathFunction.Sin, value),
        UnaryArithmeticKind.SinhF => Math(MathFunction.Sinh, value),
        UnaryArithmeticKind.AcosF => Math(MathFunction.Acos, value),
        UnaryArithmeticKind.CosF => Math(MathFunction.Cos, value),
        UnaryArithmeticKind.CoshF => Math(MathFunction.Cosh, value),
        UnaryArithmeticKind.TanF => Math(MathFunction.Tan, value),
        UnaryArithmeticKind.TanhF => Math(MathFunction.Tanh, value),
        UnaryArithmeticKind.AtanF => Math(MathFunction.Atan, value),
        UnaryArithmeticKind.ExpF => Math(MathFunction.Exp, value),
        UnaryArithmeticKind.Exp2F => Math(MathFunction.Exp2, value),
        UnaryArithmeticKind.LogF => Math(MathFunction.Log, value),

        // XMath.Log2 is a quotient of logarithms in ILGPU, which differs from .NET's own Log2 in the last digit.
        UnaryArithmeticKind.Log2F => Math(MathFunction.BinaryLog, value, function.Constant(value.Type, 2.0)),
        UnaryArithmeticKind.Log10F => Math(MathFunction.Log10, value),
        _ => throw new NotSupportedException($"the operation {kind}"),
    };

    /// <summary>Two operands of one type; of shifts the right one may differ.</summary>
    public Value Binary(BinaryArithmeticKind kind, bool unsigned, Value left, Value right)
    {
        var type = left.Type;
        if (type is ScalarType.I8 or ScalarType.I16 && kind is not (BinaryArithmeticKind.And or BinaryArithmeticKind.Or or BinaryArithmeticKind.Xor))
        {
            var wide = Binary(kind, unsigned, Convert(left, ScalarType.I32, unsigned, unsigned), Convert(right, ScalarType.I32, unsigned, unsigned));
            return Emit(Opcode.Truncate, type, 0, wide);
        }
        bool integer = !type.IsFloat();
        return kind switch
        {
            BinaryArithmeticKind.Add => Emit(Opcode.Add, type, 0, left, right),
            BinaryArithmeticKind.Sub => Emit(Opcode.Subtract, type, 0, left, right),
            BinaryArithmeticKind.Mul => Emit(Opcode.Multiply, type, 0, left, right),
            BinaryArithmeticKind.Div => Emit(integer && unsigned ? Opcode.DivideUnsigned : Opcode.Divide, type, 0, left, right),
            BinaryArithmeticKind.Rem when integer => Emit(unsigned ? Opcode.RemainderUnsigned : Opcode.Remainder, type, 0, left, right),
            BinaryArithmeticKind.Rem => Math(MathFunction.Remainder, left, right),
            BinaryArithmeticKind.And => Emit(Opcode.And, type, 0, left, right),
            BinaryArithmeticKind.Or => Emit(Opcode.Or, type, 0, left, right),
            BinaryArithmeticKind.Xor => Emit(Opcode.Xor, type, 0, left, right),
            BinaryArithmeticKind.Shl => Emit(Opcode.ShiftLeft, type, 0, left, Convert(right, type, true, true)),
            BinaryArithmeticKind.Shr => Emit(unsigned ? Opcode.ShiftRightUnsigned : Opcode.ShiftRight, type, 0, left, Convert(right, type, true, true)),
            BinaryArithmeticKind.Min => Emit(integer && unsigned ? Opcode.MinimumUnsigned : Opcode.Minimum, type, 0, left, right),
            BinaryArithmeticKind.Max => Emit(integer && unsigned ? Opcode.MaximumUnsigned : Opcode.Maximum, type, 0, left, right),
            BinaryArithmeticKind.Atan2F => Math(MathFunction.Atan2, left, right),
            BinaryArithmeticKind.PowF => Math(MathFunction.Pow, left, right),
            BinaryArithmeticKind.BinaryLogF => Math(MathFunction.BinaryLog, left, right),
            BinaryArithmeticKind.CopySignF => Math(MathFunction.CopySign, left, right),
            _ => throw new NotSupportedException($"the operation {kind}"),
        };
    }

    /// <summary>a * b + c: fused for floats.</summary>
    public Value MultiplyAdd(Value a, Value b, Value c) => a.Type.IsFloat()
        ? Emit(Opcode.MultiplyAdd, a.Type, 0, a, b, c)
        : Emit(Opcode.Add, a.Type, 0, Emit(Opcode.Multiply, a.Type, 0, a, b), c);

    /// <summary>A comparison.</summary>
    public Value Compare(CompareKind kind, bool unsignedOrUnordered, Value left, Value right)
    {
        var comparison = kind switch
        {
            CompareKind.Equal => Comparison.Equal,
            CompareKind.NotEqual => Comparison.NotEqual,
            CompareKind.LessThan => Comparison.Less,
            CompareKind.LessEqual => Comparison.LessOrEqual,
            CompareKind.GreaterThan => Comparison.Greater,
            _ => Comparison.GreaterOrEqual,
        };
        var type = left.Type;
        if (type is ScalarType.I8 or ScalarType.I16 or ScalarType.Bool)
        {
            left = Convert(left, ScalarType.I32, unsignedOrUnordered, unsignedOrUnordered);
            right = Convert(right, ScalarType.I32, unsignedOrUnordered, unsignedOrUnordered);
        }
        // Equality of integers has no sign, and NaN != x holds without a flag.
        bool flag = unsignedOrUnordered && (comparison >= Comparison.Less || (type.IsFloat() && comparison == Comparison.Equal));
        return Emit(Opcode.Compare, ScalarType.Bool, (long)comparison | (flag ? (long)Comparison.UnsignedFlag : 0), left, right);
    }

    /// <summary>Converts between any two types.</summary>
    public Value Convert(Value value, ScalarType target, bool sourceUnsigned, bool targetUnsigned)
    {
        var source = value.Type;
        if (source == target) return value;
        if (target == ScalarType.Bool) return ToBool(value);
        if (source == ScalarType.Bool)
            return Convert(Emit(Opcode.ZeroExtend, ScalarType.I32, 0, value), target, false, targetUnsigned);
        if (source.IsFloat() && target.IsFloat()) return Emit(Opcode.FloatToFloat, target, 0, value);
        if (source.IsFloat())
        {
            // .NET makes a signed 32-bit number first and cuts it, also where the small type has no sign: (byte)-1f is 255.
            if (target is ScalarType.I8 or ScalarType.I16) return Emit(Opcode.Truncate, target, 0, Emit(Opcode.FloatToSigned, ScalarType.I32, 0, value));
            return Emit(targetUnsigned ? Opcode.FloatToUnsigned : Opcode.FloatToSigned, target, 0, value);
        }
        if (target.IsFloat())
        {
            var wide = source is ScalarType.I8 or ScalarType.I16 ? Convert(value, ScalarType.I32, sourceUnsigned, sourceUnsigned) : value;
            return Emit(sourceUnsigned ? Opcode.UnsignedToFloat : Opcode.SignedToFloat, target, 0, wide);
        }
        if (target.SizeInMemory() > source.SizeInMemory())
            return Emit(sourceUnsigned ? Opcode.ZeroExtend : Opcode.SignExtend, target, 0, value);
        return Emit(Opcode.Truncate, target, 0, value);
    }

    /// <summary>The same bits as another type of the size.</summary>
    public Value Reinterpret(Value value, ScalarType target) => value.Type == target ? value : Emit(Opcode.Bitcast, target, 0, value);

    /// <summary>A truth value: whether the value is not 0.</summary>
    public Value ToBool(Value value) => value.Type == ScalarType.Bool
        ? value
        : Emit(Opcode.Compare, ScalarType.Bool, (long)Comparison.NotEqual, value, function.Constant(value.Type, 0L));

    private Value Magnitude(Comparison comparison, Value value) => Emit(
        Opcode.Compare, ScalarType.Bool, (long)comparison,
        Emit(Opcode.Absolute, value.Type, 0, value), function.Constant(value.Type, double.PositiveInfinity));

    private Value Math(MathFunction kind, params Value[] operands) => Emit(Opcode.Math, operands[0].Type, (long)kind, operands);

    private Value Emit(Opcode op, ScalarType type, long immediate, params Value[] operands) => append(new Value(op, type, operands, immediate));
}
