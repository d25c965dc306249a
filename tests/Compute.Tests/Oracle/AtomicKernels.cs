using ILGPU;

namespace Engine.Compute.Tests.Oracle;

#pragma warning disable CA1062 // Kernels get views, which are structures.

/// <summary>Atomics of every type, with results that do not depend on the order of threads.</summary>
public static class AtomicKernels
{
    [OracleCase(Groups = 2, GroupX = 40)]
    public static void CompareExchange(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        // 7 stands there; every second thread compares with something else.
        y[g] = Atomic.CompareExchange(ref y[256 + g], 7 + (g & 1), 1000 + g);
        var words = x.Cast<long>();
        var old = words[128 + g];
        y[g] += (int)Atomic.CompareExchange(ref words[128 + g], (g & 1) == 0 ? old : old + 1, 5L + g);
    }

    [OracleCase(Groups = 2, GroupX = 40)]
    public static void AtomicIntegers(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        Atomic.Max(ref y[0], i[g] * g);
        Atomic.Min(ref y[1], -g);
        Atomic.Add(ref y[2], i[g]);
        Atomic.Xor(ref y[3], g * 77);
        var unsigned = y.Cast<uint>();
        Atomic.Max(ref unsigned[4], (uint)(-1 - g));
        Atomic.Min(ref unsigned[5], (uint)(-1 - g));
        Atomic.Or(ref unsigned[6], 1u << (g & 31));
        Atomic.And(ref unsigned[7], ~(1u << (g & 1)));
        var words = y.Cast<ulong>();
        Atomic.Add(ref words[8], (ulong)g << 33);
        Atomic.Max(ref words[9], (ulong)g << 40);
        Atomic.Min(ref words[10], (ulong)g);
    }

    [OracleCase(Groups = 2, GroupX = 40)]
    public static void AtomicFloats(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        Atomic.Max(ref x[0], a[g]);
        Atomic.Min(ref x[1], a[g]);
        Atomic.Add(ref x[2], 0.25f * i[g]);
        var doubles = x.Cast<double>();
        Atomic.Max(ref doubles[4], (double)b[g]);
        Atomic.Min(ref doubles[5], (double)b[g]);
        Atomic.Add(ref doubles[6], 0.5 * i[g]);
    }
}
