using ILGPU;

namespace Engine.Compute.Tests.Oracle;

#pragma warning disable CA1062 // Kernels get views, which are structures.

/// <summary>The forms of arithmetic that ILGPU's IR builder changes before any back end sees them, one a kernel.</summary>
public static class BuilderKernels
{
    public static void SignedDivisionByAPowerOfTwo(ArrayView<float> floats, ArrayView<int> ints, ArrayView<float> x, ArrayView<int> y) => y[Group.IdxX] = ints[Group.IdxX] / 2;

    public static void UnsignedDivisionByAPowerOfTwo(ArrayView<float> floats, ArrayView<int> ints, ArrayView<float> x, ArrayView<int> y) => y[Group.IdxX] = (int)((uint)ints[Group.IdxX] / 4u);

    public static void SumWithTwoConstants(ArrayView<float> floats, ArrayView<int> ints, ArrayView<float> x, ArrayView<int> y) => x[Group.IdxX] = (floats[Group.IdxX] + 1e8f) + -1e8f;

    public static void ProductWithTwoConstants(ArrayView<float> floats, ArrayView<int> ints, ArrayView<float> x, ArrayView<int> y) => x[Group.IdxX] = (floats[Group.IdxX] * 1e30f) * 1e-30f;

    public static void SumWithZero(ArrayView<float> floats, ArrayView<int> ints, ArrayView<float> x, ArrayView<int> y) => x[Group.IdxX] = floats[Group.IdxX] + 0f;

    public static void DifferenceFromZero(ArrayView<float> floats, ArrayView<int> ints, ArrayView<float> x, ArrayView<int> y) => x[Group.IdxX] = 0f - floats[Group.IdxX];

    public static void UnsignedExtensionOfAConversion(ArrayView<float> floats, ArrayView<int> ints, ArrayView<float> x, ArrayView<int> y)
    {
        var narrow = (sbyte)ints[Group.IdxX];
        y[Group.IdxX] = (int)((long)(uint)narrow >> 32);
    }

    public static void ConversionToTheOtherSign(ArrayView<float> floats, ArrayView<int> ints, ArrayView<float> x, ArrayView<int> y) => y[Group.IdxX] = (ushort)(short)ints[Group.IdxX];

    public static void ConstantOnTheLeftOfAComparison(ArrayView<float> floats, ArrayView<int> ints, ArrayView<float> x, ArrayView<int> y)
    {
        var p = floats[Group.IdxX];
        var q = 1f < p ? 1 : 0;
        y[Group.IdxX] = q;
    }
}
