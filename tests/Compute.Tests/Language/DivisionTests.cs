using System.Numerics;
using ILGPU;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Compute.Tests.Language;

/// <summary>
/// Integer division never ends the process: by zero it gives 0 and the remainder is the dividend, the smallest number by -1 gives itself and the remainder 0.
/// ILGPU divides before it looks whether it should: a guarded division arrives without its guard.
/// </summary>
public sealed class DivisionTests(Accelerators accelerators) : IClassFixture<Accelerators>
{
    public static TheoryData<int> Widths() => Accelerators.Widths();

    [Theory]
    [MemberData(nameof(Widths))]
    public void SignedNumbersOfAllSizes(int bits)
    {
        Check<sbyte>(bits, Divide, Guarded, DivideByArgument);
        Check<short>(bits, Divide, Guarded, DivideByArgument);
        Check<int>(bits, Divide, Guarded, DivideByArgument);
        Check<long>(bits, Divide, Guarded, DivideByArgument);
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void UnsignedNumbersOfAllSizes(int bits)
    {
        Check<byte>(bits, Divide, Guarded, DivideByArgument);
        Check<ushort>(bits, Divide, Guarded, DivideByArgument);
        Check<uint>(bits, Divide, Guarded, DivideByArgument);
        Check<ulong>(bits, Divide, Guarded, DivideByArgument);
    }

    private void Check<T>(
        int bits,
        Action<ArrayView<T>, ArrayView<T>, ArrayView<T>, ArrayView<T>> divide,
        Action<ArrayView<T>, ArrayView<T>, ArrayView<T>, ArrayView<T>> guarded,
        Action<ArrayView<T>, ArrayView<T>, ArrayView<T>, T> byArgument)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        var accelerator = accelerators[bits];
        T[] numbers = [T.MinValue, T.MaxValue, T.Zero, T.One, unchecked(T.Zero - T.One), T.CreateTruncating(2), T.CreateTruncating(7), T.CreateTruncating(-100)];
        var pairs = numbers.SelectMany(left => numbers.Select(right => (Left: left, Right: right))).ToArray();
        using var left = accelerator.Allocate1D(pairs.Select(pair => pair.Left).ToArray());
        using var right = accelerator.Allocate1D(pairs.Select(pair => pair.Right).ToArray());
        using var quotients = accelerator.Allocate1D<T>(pairs.Length);
        using var remainders = accelerator.Allocate1D<T>(pairs.Length);

        // Groups of a part of a vector and of several vectors.
        foreach (var group in new[] { 64, 3 })
        {
            var config = new KernelConfig((64 + group - 1) / group, group);
            quotients.MemSetToZero();
            accelerator.LoadStreamKernel(divide)(config, left.View, right.View, quotients.View, remainders.View);
            Assert.Equal(pairs.Select(pair => Quotient(pair.Left, pair.Right)), quotients.GetAsArray1D());
            Assert.Equal(pairs.Select(pair => Remainder(pair.Left, pair.Right)), remainders.GetAsArray1D());
            accelerator.LoadStreamKernel(guarded)(config, left.View, right.View, quotients.View, remainders.View);
            Assert.Equal(pairs.Select(pair => pair.Right == T.Zero ? T.One : Quotient(pair.Left, pair.Right)), quotients.GetAsArray1D());
            Assert.Equal(pairs.Select(pair => pair.Right == T.Zero ? T.One : Remainder(pair.Left, pair.Right)), remainders.GetAsArray1D());
            foreach (var divisor in numbers)
            {
                accelerator.LoadStreamKernel(byArgument)(config, left.View, quotients.View, remainders.View, divisor);
                Assert.Equal(pairs.Select(pair => Quotient(pair.Left, divisor)), quotients.GetAsArray1D());
                Assert.Equal(pairs.Select(pair => Remainder(pair.Left, divisor)), remainders.GetAsArray1D());
            }
        }
    }

    private static T Quotient<T>(T left, T right)
        where T : IBinaryInteger<T>, IMinMaxValue<T> =>
        right == T.Zero ? T.Zero : IsOverflow(left, right) ? left : left / right;

    private static T Remainder<T>(T left, T right)
        where T : IBinaryInteger<T>, IMinMaxValue<T> =>
        right == T.Zero ? left : IsOverflow(left, right) ? T.Zero : left % right;

    private static bool IsOverflow<T>(T left, T right)
        where T : IBinaryInteger<T>, IMinMaxValue<T> => T.IsNegative(T.MinValue) && left == T.MinValue && right == -T.One;

    private static void Divide<T>(ArrayView<T> left, ArrayView<T> right, ArrayView<T> quotients, ArrayView<T> remainders)
        where T : unmanaged, IBinaryInteger<T>
    {
        var g = Grid.GlobalIndex.X;
        if (g < left.Length)
        {
            quotients[g] = left[g] / right[g];
            remainders[g] = left[g] % right[g];
        }
    }

    private static void Guarded<T>(ArrayView<T> left, ArrayView<T> right, ArrayView<T> quotients, ArrayView<T> remainders)
        where T : unmanaged, IBinaryInteger<T>
    {
        var g = Grid.GlobalIndex.X;
        if (g < left.Length)
        {
            quotients[g] = right[g] != T.Zero ? left[g] / right[g] : T.One;
            remainders[g] = right[g] != T.Zero ? left[g] % right[g] : T.One;
        }
    }

    private static void DivideByArgument<T>(ArrayView<T> left, ArrayView<T> quotients, ArrayView<T> remainders, T right)
        where T : unmanaged, IBinaryInteger<T>
    {
        var g = Grid.GlobalIndex.X;
        if (g < left.Length)
        {
            quotients[g] = left[g] / right;
            remainders[g] = left[g] % right;
        }
    }
}
