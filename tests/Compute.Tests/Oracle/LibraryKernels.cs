using ILGPU;
using ILGPU.Algorithms;

namespace Engine.Compute.Tests.Oracle;

#pragma warning disable CA1062 // Kernels get views, which are structures.

/// <summary>Functions that ILGPU leaves to the .NET library, and what rounds exactly.</summary>
public static class LibraryKernels
{
    [OracleCase(Groups = 2, GroupX = 40)]
    public static void Rounding(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var halves = (i[g] - 4) * 0.5f;
        x[g] = XMath.RoundToEven(halves) + (10f * XMath.RoundAwayFromZero(halves)) + (100f * MathF.Round(a[g])) + XMath.Truncate(b[g]);
        y[g] = (int)(XMath.RoundToEven((double)halves) + (10.0 * XMath.RoundAwayFromZero((double)halves)) + (100.0 * Math.Round((double)a[g])));
    }

    [OracleCase(Groups = 2, GroupX = 40)]
    public static void Roots(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        x[g] = MathF.Cbrt(a[g]) + (float)Math.Cbrt((double)b[g]);
        x[256 + g] = XMath.IEEERemainder(a[g], b[g]) + MathF.Asinh(a[g]);
    }

    [OracleCase(Groups = 4, GroupX = 40)]
    public static void BinaryLogarithms(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var number = (a[g] * a[g]) + 0.1f;
        x[g] = XMath.Log2(number);
        x[160 + g] = MathF.Log2(number);
        x[320 + g] = XMath.Log(number, XMath.Abs(b[g]));
        y[g] = (int)Interop.FloatAsInt(XMath.Log2((double)number));
        y[160 + g] = (int)Interop.FloatAsInt(Math.Log2((double)number));
    }

    [OracleCase(Groups = 2, GroupX = 40)]
    public static void FusedAndEstimated(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        x[g] = MathF.FusedMultiplyAdd(a[g], b[g], -(a[g] * b[g]));
        x[100 + g] = (float)Math.FusedMultiplyAdd((double)a[g], b[g], s);
        x[200 + g] = MathF.ReciprocalEstimate(a[g]) + (float)Math.ReciprocalEstimate((double)b[g]);
        x[300 + g] = MathF.ReciprocalSqrtEstimate(i[g] + 1f) + (float)Math.ReciprocalSqrtEstimate(i[g] + 2.0);
    }
}
