using ILGPU;

namespace Engine.Compute.Tests.Oracle;

#pragma warning disable CA1062 // Kernels get views, which are structures.

/// <summary>Kernels of one idea each: what a single fault of a compiler changes.</summary>
public static class SmallKernels
{
    [OracleCase(Groups = 2, GroupX = 32)]
    public static void ChosenConstants(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var code = 3;
        if (i[g] > 4)
        {
            code = 5;
            x[g] = a[g];
        }

        y[g] = code;
        y[g + 70] = a[g] < b[g] ? i[g] : -g;
    }

    [OracleCase(Groups = 2, GroupX = 40)]
    public static void StoreUnderCondition(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        if (i[g] > 4)
        {
            y[g] = g;
        }
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    [OracleCase(Groups = 2, GroupX = 20)]
    public static void MinimumOfNotANumber(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var p = MathF.Sqrt(a[g]);
        x[g] = MathF.Min(p, b[g]);
        x[g + 70] = MathF.Max(b[g], p);
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void LoadAfterStore(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var before = x[g];
        x[g] = a[g];
        x[g + 70] = before + x[g];
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    [OracleCase(Groups = 2, GroupX = 20)]
    public static void TwoSharedArrays(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var first = SharedMemory.Allocate<int>(32);
        var second = SharedMemory.Allocate<int>(32);
        first[Group.IdxX] = i[Grid.GlobalIndex.X];
        second[Group.DimX - 1 - Group.IdxX] = Group.IdxX;
        Group.Barrier();
        y[Grid.GlobalIndex.X] = (first[(Group.IdxX + 1) % Group.DimX] * 100) + second[Group.IdxX];
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void NeighbouringElements(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var values = new float[4];
        values[2] = a[g];
        values[3] = b[g];
        if (i[g] > 3)
        {
            values[2] += values[3];
        }

        x[g] = (values[2] * 2f) - values[3];
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    [OracleCase(Groups = 1, GroupX = 8, GroupY = 4)]
    [OracleCase(Groups = 1, GroupX = 6, GroupY = 2, GroupZ = 2)]
    public static void ThreadNumbers(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var linear = (((Group.IdxZ * Group.DimY) + Group.IdxY) * Group.DimX) + Group.IdxX;
        var thread = (Grid.IdxX * Group.DimX * Group.DimY * Group.DimZ) + linear;
        y[thread] = (Group.IdxX * 10_000) + (Group.IdxY * 100) + Group.IdxZ + i[thread];
    }

    [OracleCase(Groups = 2, GroupX = 32, WarpGroup = true)]
    public static void ShuffledUp(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        y[g] = Warp.ShuffleUp(i[g] + g, 1);
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    [OracleCase(Groups = 2, GroupX = 20)]
    public static void NumbersThatWrapAround(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        y[g] = (int)((long)(g << 29) >> 16);
        y[g + 70] = (int)((long)(g * 0x12345677) >> 9);
        y[g + 140] = (int)((ulong)(uint)(g - 5) >> 7);
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void ValuesThatTakeTurns(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        float p = a[g], q = b[g], r = a[g + 70];
        for (var k = 0; k < n; k++)
        {
            (p, q, r) = (q, r, p);
        }

        x[g] = p;
        x[g + 70] = q - r;
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void ShiftsOfLongs(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var word = (g * 0x1234_5678_9ABCL) + i[g];
        y[g] = (int)(word >> (i[g] + 20));
        y[g + 70] = (int)((word << i[g]) >> 32);
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void ComparedLongs(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var left = ((long)i[g] << 33) + g;
        var right = (long)i[g + 1] << 33;
        y[g] = left > right ? 1 : 2;
    }

    /// <summary>Groups that are no whole number of vectors: whoever runs is counted.</summary>
    [OracleCase(Groups = 2, GroupX = 13)]
    public static void CountedThreads(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s) =>
        Atomic.Add(ref y[Grid.IdxX], 1);

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void LocalArrayBesideABarrier(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var values = new int[4];
        for (var k = 0; k < 4; k++)
        {
            values[(k + i[g]) & 3] = (g * 10) + k;
        }

        Group.Barrier();
        y[g] = values[i[g + 1] & 3];
    }
}
