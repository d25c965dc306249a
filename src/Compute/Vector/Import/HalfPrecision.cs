using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Import;

/// <summary>
/// ILGPU's half precision: a value is held as its 16 bits, and arithmetic is that of single precision with the result cut back to a half after each
/// operation, as ILGPU's <c>Half</c> has it. Its conversion from single precision does not round; it drops the bits that do not fit.
/// </summary>
internal sealed class HalfPrecision(Function function, Func<Value, Value> append)
{
    private const long SignBit = 0x8000;
    private const long Infinity = 0x7C00;
    private const long MantissaBits = 0x3FF;

    /// <summary>The exponent's bias of single precision less that of half precision, in place.</summary>
    private const long Rebias = (127L - 15) << 23;

    /// <summary>Single-precision bits of the smallest normal half, 2^-14.</summary>
    private const long SmallestNormal = (127L - 14) << 23;

    /// <summary>Single-precision bits of 2^16, the first power of two that no finite half reaches.</summary>
    private const long Overflow = (127L + 16) << 23;

    private const long SingleInfinity = 0x7F800000;

    /// <summary>Exact conversion to single precision; a NaN keeps its payload.</summary>
    public Value ToSingle(Value half)
    {
        var bits = Integer(Opcode.ZeroExtend, half);
        var magnitude = Integer(Opcode.And, bits, Constant(SignBit - 1));
        var normal = Integer(Opcode.Add, Integer(Opcode.ShiftLeft, magnitude, Constant(13)), Constant(Rebias));
        var special = Integer(Opcode.Add, normal, Constant(Rebias));
        // A subnormal half is a whole number of 2^-24.
        var subnormal = Bits(Emit(Opcode.Multiply, ScalarType.F32, 0, Emit(Opcode.SignedToFloat, ScalarType.F32, 0, magnitude), function.Constant(ScalarType.F32, Math.Pow(2, -24))));
        var finite = Select(Less(magnitude, MantissaBits + 1), subnormal, normal);
        var result = Select(Less(magnitude, Infinity), finite, special);
        var sign = Integer(Opcode.ShiftLeft, Integer(Opcode.And, bits, Constant(SignBit)), Constant(16));
        return Emit(Opcode.Bitcast, ScalarType.F32, 0, Integer(Opcode.Or, result, sign));
    }

    /// <summary>Conversion from single precision towards zero; what is too large becomes infinite.</summary>
    public Value ToHalf(Value single)
    {
        var bits = Bits(single);
        var magnitude = Integer(Opcode.And, bits, Constant(int.MaxValue));
        var shifted = Integer(Opcode.ShiftRightUnsigned, magnitude, Constant(13));
        var normal = Integer(Opcode.Subtract, shifted, Constant(Rebias >> 13));
        var scaled = Emit(Opcode.Multiply, ScalarType.F32, 0, Emit(Opcode.Bitcast, ScalarType.F32, 0, magnitude), function.Constant(ScalarType.F32, Math.Pow(2, 24)));
        var subnormal = Integer(Opcode.FloatToSigned, scaled);
        var payload = Select(Less(magnitude, SingleInfinity), Constant(0), Integer(Opcode.And, shifted, Constant(MantissaBits)));
        var special = Integer(Opcode.Or, payload, Constant(Infinity));
        var finite = Select(Less(magnitude, SmallestNormal), subnormal, normal);
        var result = Select(Less(magnitude, Overflow), finite, special);
        var sign = Integer(Opcode.And, Integer(Opcode.ShiftRightUnsigned, bits, Constant(16)), Constant(SignBit));
        return Emit(Opcode.Truncate, ScalarType.I16, 0, Integer(Opcode.Or, result, sign));
    }

    private Value Bits(Value single) => Integer(Opcode.Bitcast, single);

    private Value Less(Value value, long bound) => Emit(Opcode.Compare, ScalarType.Bool, (long)Comparison.Less, value, Constant(bound));

    private Value Select(Value condition, Value whenTrue, Value whenFalse) => Integer(Opcode.Select, condition, whenTrue, whenFalse);

    private Value Constant(long bits) => function.Constant(ScalarType.I32, bits);

    private Value Integer(Opcode op, params Value[] operands) => Emit(op, ScalarType.I32, 0, operands);

    private Value Emit(Opcode op, ScalarType type, long immediate, params Value[] operands) => append(new Value(op, type, operands, immediate));
}
