using System.Runtime.CompilerServices;
using ILGPU;

namespace Engine.Compute.Tests.Oracle;

#pragma warning disable CA1062 // Kernels get views, which are structures.

/// <summary>Methods that ask not to be inlined, with every kind of parameter.</summary>
public static class CallKernels
{
    public struct Sum
    {
        public float Total;
        public int Count;
    }

    [OracleCase(Groups = 2, GroupX = 40)]
    public static void Calls(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        x[g] = Outer(a, g, i[g]);
        y[g] = i[g] > 3 ? Early(i, g) : Early(i, g + 1) + 1;
    }

    [OracleCase(Groups = 2, GroupX = 40)]
    public static void References(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var sum = default(Sum);
        for (var k = 0; k < i[g]; k++)
        {
            Add(ref sum, a[g + k]);
        }

        Split(b[g], out var whole, out x.SubView(g, 1)[0]);
        y[g] = sum.Count + whole;
        Add(ref sum, x[g]);
        x[g] = sum.Total;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static float Outer(ArrayView<float> from, int at, int count)
    {
        var total = 0f;
        for (var k = 0; k < count; k++)
        {
            total += Inner(from[at + k], k);
        }

        return total;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static float Inner(float value, int k) => (k & 1) == 0 ? value * 0.5f : value + 0.25f;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Early(ArrayView<int> from, int at)
    {
        for (var k = 0; k < 8; k++)
        {
            if (from[at + k] == 5)
            {
                return k;
            }
        }

        return -1;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Add(ref Sum sum, float value)
    {
        sum.Total += value;
        sum.Count++;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Split(float value, out int whole, out float rest)
    {
        whole = (int)value;
        rest = value - whole;
    }
}
