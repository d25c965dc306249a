using System.Numerics;
using System.Runtime.CompilerServices;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Emit;

/// <summary>Operations on one value that IL has no instruction for, or whose instruction traps.</summary>
internal static unsafe class ScalarFunctions
{
    /// <summary>Division that never traps: by 0 it gives 0, and the smallest integer by -1 gives itself.</summary>
    public static T Divide<T>(T left, T right)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (right == T.Zero) return T.Zero;
        // For unsigned types -1 wraps to the largest value, where plain division is right.
        return T.IsNegative(right) && right == -T.One ? unchecked(T.Zero - left) : left / right;
    }

    /// <summary>Remainder that never traps: by 0 it gives the dividend, by -1 it gives 0.</summary>
    public static T Remainder<T>(T left, T right)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (right == T.Zero) return left;
        return T.IsNegative(right) && right == -T.One ? T.Zero : left % right;
    }

    /// <summary>Bit counts.</summary>
    public static int CountBits<T>(T value, int op)
        where T : unmanaged, IBinaryInteger<T> => int.CreateTruncating((Opcode)op switch
        {
            Opcode.PopulationCount => T.PopCount(value),
            Opcode.LeadingZeroCount => T.LeadingZeroCount(value),
            _ => T.TrailingZeroCount(value),
        });

    /// <summary>A library function of one or two numbers.</summary>
    public static T Math<T>(T left, T right, int function)
        where T : unmanaged, IFloatingPointIeee754<T> => (MathFunction)function switch
        {
            MathFunction.Sin => T.Sin(left),
            MathFunction.Sinh => T.Sinh(left),
            MathFunction.Asin => T.Asin(left),
            MathFunction.Cos => T.Cos(left),
            MathFunction.Cosh => T.Cosh(left),
            MathFunction.Acos => T.Acos(left),
            MathFunction.Tan => T.Tan(left),
            MathFunction.Tanh => T.Tanh(left),
            MathFunction.Atan => T.Atan(left),
            MathFunction.Exp => T.Exp(left),
            MathFunction.Exp2 => T.Exp2(left),
            MathFunction.Log => T.Log(left),
            MathFunction.Log2 => T.Log2(left),
            MathFunction.Log10 => T.Log10(left),
            MathFunction.Atan2 => T.Atan2(left, right),
            MathFunction.Pow => T.Pow(left, right),
            MathFunction.CopySign => T.CopySign(left, right),
            MathFunction.BinaryLog => T.Log(left, right),
            MathFunction.IeeeRemainder => T.Ieee754Remainder(left, right),
            MathFunction.Acosh => T.Acosh(left),
            MathFunction.Asinh => T.Asinh(left),
            MathFunction.Atanh => T.Atanh(left),
            MathFunction.Cbrt => T.Cbrt(left),
            MathFunction.RoundToEven => T.Round(left, MidpointRounding.ToEven),
            MathFunction.RoundAwayFromZero => T.Round(left, MidpointRounding.AwayFromZero),
            MathFunction.ReciprocalEstimate => T.ReciprocalEstimate(left),
            MathFunction.ReciprocalSquareRootEstimate => T.ReciprocalSqrtEstimate(left),
            _ => left % right,
        };

    /// <summary>One atomic operation on memory that other threads may change; gives the old value.</summary>
    /// <param name="target">Where.</param>
    /// <param name="value">The operand.</param>
    /// <param name="comparand">What the target must hold for a compare-exchange.</param>
    /// <param name="operation">An <see cref="AtomicOperation"/>, or -1 for a compare-exchange.</param>
    public static T Atomic<T>(T* target, T value, T comparand, int operation)
        where T : unmanaged
    {
        while (true)
        {
            T old = *target;
            T next = operation < 0 ? (Same(old, comparand) ? value : old) : Combine(old, value, (AtomicOperation)operation);
            if (sizeof(T) == 4)
            {
                int expected = Unsafe.BitCast<T, int>(old);
                if (Interlocked.CompareExchange(ref *(int*)target, Unsafe.BitCast<T, int>(next), expected) == expected) return old;
            }
            else
            {
                long expected = Unsafe.BitCast<T, long>(old);
                if (Interlocked.CompareExchange(ref *(long*)target, Unsafe.BitCast<T, long>(next), expected) == expected) return old;
            }
        }
    }

    private static bool Same<T>(T left, T right)
        where T : unmanaged => sizeof(T) == 4
            ? Unsafe.BitCast<T, int>(left) == Unsafe.BitCast<T, int>(right)
            : Unsafe.BitCast<T, long>(left) == Unsafe.BitCast<T, long>(right);

    private static T Combine<T>(T old, T value, AtomicOperation operation)
        where T : unmanaged
    {
        if (typeof(T) == typeof(int)) return Unsafe.BitCast<int, T>(CombineIntegers<int, uint>(Unsafe.BitCast<T, int>(old), Unsafe.BitCast<T, int>(value), operation));
        if (typeof(T) == typeof(long)) return Unsafe.BitCast<long, T>(CombineIntegers<long, ulong>(Unsafe.BitCast<T, long>(old), Unsafe.BitCast<T, long>(value), operation));
        if (typeof(T) == typeof(float)) return Unsafe.BitCast<float, T>(CombineFloats(Unsafe.BitCast<T, float>(old), Unsafe.BitCast<T, float>(value), operation));
        return Unsafe.BitCast<double, T>(CombineFloats(Unsafe.BitCast<T, double>(old), Unsafe.BitCast<T, double>(value), operation));
    }

    private static TSigned CombineIntegers<TSigned, TUnsigned>(TSigned old, TSigned value, AtomicOperation operation)
        where TSigned : unmanaged, IBinaryInteger<TSigned>
        where TUnsigned : unmanaged, IBinaryInteger<TUnsigned> => operation switch
        {
            AtomicOperation.Exchange => value,
            AtomicOperation.Add => old + value,
            AtomicOperation.And => old & value,
            AtomicOperation.Or => old | value,
            AtomicOperation.Xor => old ^ value,
            AtomicOperation.Maximum => TSigned.Max(old, value),
            AtomicOperation.Minimum => TSigned.Min(old, value),
            AtomicOperation.MaximumUnsigned => TUnsigned.CreateTruncating(old) > TUnsigned.CreateTruncating(value) ? old : value,
            _ => TUnsigned.CreateTruncating(old) < TUnsigned.CreateTruncating(value) ? old : value,
        };

    private static T CombineFloats<T>(T old, T value, AtomicOperation operation)
        where T : unmanaged, IFloatingPointIeee754<T> => operation switch
        {
            AtomicOperation.Exchange => value,
            AtomicOperation.Add => old + value,
            AtomicOperation.Maximum => T.Max(old, value),
            _ => T.Min(old, value),
        };
}
