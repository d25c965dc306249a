using ILGPU;
using Half = ILGPU.Half;

namespace Engine.Compute.Tests.Oracle;

#pragma warning disable CA1062 // Kernels get views, which are structures.

/// <summary>Half precision: ILGPU computes in single precision and drops the bits that do not fit, without rounding.</summary>
public static class HalfKernels
{
    public struct Pair
    {
        public Half First;
        public Half Second;
    }

    [OracleCase(Groups = 3, GroupX = 24)]
    public static void Arithmetic(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var p = (Half)a[g];
        var q = (Half)b[g];
        x[g] = (p + q) * (p - q) / (Half)(1.5f + (q * q));
        y[g] = p < q ? 1 : p == q ? 2 : 3;
    }

    /// <summary>Every exponent that a single has, both signs: overflow, subnormal halves, infinities and NaN.</summary>
    [OracleCase(Groups = 8, GroupX = 64)]
    public static void EveryExponent(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var single = Interop.IntAsFloat(((uint)g << 23) | ((uint)g * 0x12357U & 0x7FFFFFU));
        var half = (Half)single;
        y[g] = Interop.FloatAsInt(half);
        x[g] = half;
    }

    /// <summary>Every half in turn, 128 of them a thread, and back: exact.</summary>
    [OracleCase(Groups = 8, GroupX = 64)]
    public static void AllHalves(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var bits = 0;
        var hash = 0u;
        for (var k = 0; k < 128; k++)
        {
            var half = Interop.IntAsFloat((ushort)((g * 128) + k));
            hash = (hash * 31) ^ Interop.FloatAsInt((float)half);
            bits += Interop.FloatAsInt((Half)(float)half) == (ushort)((g * 128) + k) ? 1 : 0;
        }

        y[g] = (int)hash + bits;
    }

    [OracleCase(Groups = 2, GroupX = 40)]
    public static void IntegersAndMemory(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var halves = x.Cast<Half>();
        halves[2 * g] = (Half)(i[g] - 3);
        halves[(2 * g) + 1] = (Half)(double)a[g];
        var pair = x.Cast<Pair>()[g];
        y[g] = (int)pair.Second + (int)(uint)Half.Abs(pair.First) + (Half.IsNaN(pair.First) ? 100 : 0);
    }

    [OracleCase(Groups = 2, GroupX = 40)]
    public static void Diverging(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var sum = (Half)0f;
        for (var k = 0; k < i[g]; k++)
        {
            sum += a[g] > 0f ? (Half)b[k] : -(Half)b[k];
        }

        x[g] = sum;
    }
}
