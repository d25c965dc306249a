using System.Numerics;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Passes;

/// <summary>Evaluates operations on constants with exactly the arithmetic that emitted code has.</summary>
internal static class ConstantFolding
{
    /// <summary>Bits of the result of an operation whose operands are all constants, or null where it is left to run time.</summary>
    public static long? Evaluate(Value value, ReadOnlySpan<long> operands)
    {
        var type = value.Operands.Length > 0 ? value.Operands[0].Type : value.Type;
        return value.Op switch
        {
            Opcode.Compare => Compare((Comparison)value.Immediate, type, operands[0], operands[1]) ? 1 : 0,
            Opcode.Select => operands[0] != 0 ? operands[1] : operands[2],
            Opcode.SignExtend or Opcode.Truncate => Function.Normalize(value.Type, operands[0]),
            Opcode.ZeroExtend => Function.Normalize(value.Type, ZeroExtend(type, operands[0])),
            Opcode.Bitcast => Function.Normalize(value.Type, operands[0]),
            Opcode.SignedToFloat => FromDouble(value.Type, operands[0]),
            Opcode.UnsignedToFloat when type == ScalarType.I32 => FromDouble(value.Type, (uint)operands[0]),
            Opcode.FloatToFloat => FromDouble(value.Type, ToDouble(type, operands[0])),
            _ => type.IsFloat() ? Float(value, type, operands) : Integer(value, type, operands),
        };
    }

    private static long? Integer(Value value, ScalarType type, ReadOnlySpan<long> operands)
    {
        if (operands.Length == 0) return null;
        long left = operands[0];
        long right = operands.Length > 1 ? operands[1] : 0;
        int bits = type == ScalarType.I64 ? 63 : 31;
        ulong unsignedLeft = (ulong)ZeroExtend(type, left);
        ulong unsignedRight = (ulong)ZeroExtend(type, right);
        long? result = value.Op switch
        {
            Opcode.Add => left + right,
            Opcode.Subtract => left - right,
            Opcode.Multiply => left * right,
            Opcode.Divide => right == 0 || right == -1 ? null : left / right,
            Opcode.Remainder => right == 0 || right == -1 ? null : left % right,
            Opcode.DivideUnsigned => right == 0 ? null : (long)(unsignedLeft / unsignedRight),
            Opcode.RemainderUnsigned => right == 0 ? null : (long)(unsignedLeft % unsignedRight),
            Opcode.Minimum => Math.Min(left, right),
            Opcode.Maximum => Math.Max(left, right),
            Opcode.MinimumUnsigned => (long)Math.Min(unsignedLeft, unsignedRight),
            Opcode.MaximumUnsigned => (long)Math.Max(unsignedLeft, unsignedRight),
            Opcode.And => left & right,
            Opcode.Or => left | right,
            Opcode.Xor => left ^ right,
            Opcode.ShiftLeft => left << (int)(right & bits),
            Opcode.ShiftRight => left >> (int)(right & bits),
            Opcode.ShiftRightUnsigned => (long)(unsignedLeft >> (int)(right & bits)),
            Opcode.Negate => -left,
            Opcode.Not => ~left,
            Opcode.Absolute => left == long.MinValue ? left : Math.Abs(left),
            Opcode.MultiplyHighUnsigned => (long)((unsignedLeft * unsignedRight) >> 32),
            Opcode.PopulationCount => BitOperations.PopCount(unsignedLeft),
            Opcode.LeadingZeroCount => type == ScalarType.I64 ? BitOperations.LeadingZeroCount(unsignedLeft) : BitOperations.LeadingZeroCount((uint)unsignedLeft),
            Opcode.TrailingZeroCount => type == ScalarType.I64 ? BitOperations.TrailingZeroCount(left) : BitOperations.TrailingZeroCount((int)left),
            _ => null,
        };
        return result is { } bitsOfResult ? Function.Normalize(value.Type, bitsOfResult) : null;
    }

    private static long? Float(Value value, ScalarType type, ReadOnlySpan<long> operands)
    {
        double left = ToDouble(type, operands[0]);
        double right = operands.Length > 1 ? ToDouble(type, operands[1]) : 0;
        // Sums, products and quotients of two floats, rounded from double to float, are those of float arithmetic.
        double? result = value.Op switch
        {
            Opcode.Add => left + right,
            Opcode.Subtract => left - right,
            Opcode.Multiply => left * right,
            Opcode.Divide => left / right,
            Opcode.Negate => -left,
            Opcode.Absolute => Math.Abs(left),
            Opcode.Reciprocal => 1 / left,
            Opcode.SquareRoot => Math.Sqrt(left),
            Opcode.Minimum => Math.Min(left, right),
            Opcode.Maximum => Math.Max(left, right),
            Opcode.Floor => Math.Floor(left),
            Opcode.Ceiling => Math.Ceiling(left),
            _ => null,
        };
        return result is { } number ? FromDouble(value.Type, number) : null;
    }

    private static bool Compare(Comparison comparison, ScalarType type, long left, long right)
    {
        bool flag = (comparison & Comparison.UnsignedFlag) != 0;
        var kind = comparison & ~Comparison.UnsignedFlag;
        if (type.IsFloat())
        {
            double a = ToDouble(type, left), b = ToDouble(type, right);
            if (double.IsNaN(a) || double.IsNaN(b)) return flag || kind == Comparison.NotEqual;
            return Holds(kind, a.CompareTo(b), a == b);
        }
        int order = flag ? ((ulong)ZeroExtend(type, left)).CompareTo((ulong)ZeroExtend(type, right)) : left.CompareTo(right);
        return Holds(kind, order, order == 0);
    }

    private static bool Holds(Comparison kind, int order, bool equal) => kind switch
    {
        Comparison.Equal => equal,
        Comparison.NotEqual => !equal,
        Comparison.Less => !equal && order < 0,
        Comparison.LessOrEqual => equal || order < 0,
        Comparison.Greater => !equal && order > 0,
        _ => equal || order > 0,
    };

    private static long ZeroExtend(ScalarType type, long bits) => type switch
    {
        ScalarType.Bool => bits & 1,
        ScalarType.I8 => (byte)bits,
        ScalarType.I16 => (ushort)bits,
        ScalarType.I32 => (uint)bits,
        _ => bits,
    };

    private static double ToDouble(ScalarType type, long bits) =>
        type == ScalarType.F32 ? BitConverter.Int32BitsToSingle((int)bits) : BitConverter.Int64BitsToDouble(bits);

    private static long FromDouble(ScalarType type, double number) =>
        type == ScalarType.F32 ? (uint)BitConverter.SingleToInt32Bits((float)number) : BitConverter.DoubleToInt64Bits(number);
}
