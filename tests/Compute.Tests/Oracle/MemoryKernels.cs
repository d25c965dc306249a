using ILGPU;

namespace Engine.Compute.Tests.Oracle;

#pragma warning disable CA1062 // Kernels get views, which are structures.

/// <summary>Kernels that reach memory in every pattern: consecutive, strided, scattered, uniform; global, local and shared.</summary>
public static class MemoryKernels
{
    public struct Pair
    {
        public float First;
        public int Second;
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void Strides(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        x[(2 * g) + 1] = a[n - 1 - g] + b[3 * g] + a[g >> 1] + a[n >> 1];
        y[g + 3] = i[g + 1] + i[0];
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void GatherAndScatter(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var to = (g * 37) % (Grid.DimX * Group.DimX);
        x[to] = a[(i[g] * 5) + (g % 3)];
        if (i[g] > 2)
        {
            y[to] = i[i[g]];
        }
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void ReadAfterWrite(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        x[g] = a[g];
        x[g] += s;
        if (i[g] > 3)
        {
            x[g] = x[g] * x[g];
        }

        for (var k = 0; k < 3; k++)
        {
            x[g] = (x[g] * 0.5f) + b[k];
        }

        y[g] = x[g] > 0f ? 1 : 0;
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void SubViewsAndCasts(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var part = a.SubView(10, 80);
        var bits = a.Cast<int>();
        x[g] = part[g] + part.SubView(5)[g];
        y[g] = bits[g] ^ (int)part.Length;
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void Bytes(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var bytes = a.Cast<byte>();
        var shorts = b.Cast<short>();
        y[g] = bytes[g * 3] + shorts[g];
        x.Cast<byte>()[g] = (byte)(g * 7);
        x.Cast<short>()[200 + g] = (short)(g - 20);
    }

    [OracleCase(Groups = 2, GroupX = 24)]
    public static void Structures(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var from = a.Cast<Pair>();
        var to = x.Cast<Pair>();
        var pair = from[g];
        pair.First += s;
        pair.Second ^= g;
        to[g] = pair;
        to[g + 60] = new Pair { First = b[g], Second = i[g] };
        to[g].Second += 1;
        y[g] = from[g + 1].Second;
    }

    [OracleCase(Groups = 2, GroupX = 24)]
    public static void LongsAndDoubles(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var l = ((long)g * 5_000_000_000L) + i[g];
        var d = (double)a[g] * b[g];
        if (l > 100_000_000_000L)
        {
            d += 1.0;
            l -= 17;
        }

        x.Cast<double>()[g] = d * d;
        y.Cast<long>()[g] = (l >> 3) ^ (l << 5);
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void PromotedLocalArray(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var sums = new float[6];
        for (var k = 0; k < 10; k++)
        {
            for (var j = 0; j < 6; j++)
            {
                sums[j] += a[(k * 6) + j] * b[g];
            }
        }

        var total = 0f;
        for (var j = 0; j < 6; j++)
        {
            total = (total * s) + sums[j];
        }

        x[g] = total;
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void IndexedLocalArray(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var counts = new int[8];
        var last = new float[8];
        for (var k = 0; k < 30; k++)
        {
            var slot = i[(g + k) % n] & 7;
            counts[slot]++;
            last[slot] = a[k];
        }

        var best = 0;
        for (var k = 1; k < 8; k++)
        {
            if (counts[k] > counts[best])
            {
                best = k;
            }
        }

        y[g] = (best * 100) + counts[best];
        x[g] = last[best] + last[g & 7];
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void LocalArrayAcrossBranches(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var v = new float[4];
        v[0] = a[g];
        if (i[g] > 3)
        {
            v[1] = b[g];
            v[2] = v[0] + v[1];
        }
        else
        {
            v[3] = s;
        }

        x[g] = v[0] - v[1] + (v[2] * v[3]);
    }

    [OracleCase(Groups = 2, GroupX = 24, N = 251)]
    public static void ReturnInOneBranchOfALoop(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var local = new float[4];
        var v = a[g + 192];
        var i1 = i[g + 64];
        for (var c = 0; c < 5; c++)
        {
            if (s > 1f)
            {
                for (var k = 0; k < 2; k++)
                {
                    local[k] = local[c & 3] * b[g];
                    if (a[504] < local[0])
                    {
                        return;
                    }
                }
            }
            else
            {
                for (var k = 0; k < (n & 3); k++)
                {
                    if (i[g + 293] < n)
                    {
                        break;
                    }

                    v = b[g] / local[i1 & 3];
                }
            }
        }

        x[g] = v;
    }

    [OracleCase(Groups = 3, GroupX = 32)]
    [OracleCase(Groups = 3, GroupX = 20)]
    [OracleCase(Groups = 3, GroupX = 16)]
    public static void SharedReverse(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var tile = SharedMemory.Allocate<float>(64);
        var g = Grid.GlobalIndex.X;
        tile[Group.IdxX] = a[g];
        Group.Barrier();
        x[g] = tile[Group.DimX - 1 - Group.IdxX];
    }

    [OracleCase(Groups = 3, GroupX = 64)]
    [OracleCase(Groups = 3, GroupX = 16)]
    [OracleCase(Groups = 3, GroupX = 4)]
    public static void SharedTreeSum(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var tile = SharedMemory.Allocate<float>(64);
        var lane = Group.IdxX;
        tile[lane] = a[Grid.GlobalIndex.X];
        Group.Barrier();
        for (var half = Group.DimX >> 1; half > 0; half >>= 1)
        {
            if (lane < half)
            {
                tile[lane] += tile[lane + half];
            }

            Group.Barrier();
        }

        x[Grid.GlobalIndex.X] = tile[0] * s;
        if (lane == 0)
        {
            y[Grid.IdxX] = (int)tile[0];
        }
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    [OracleCase(Groups = 2, GroupX = 40)]
    public static void SharedScan(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var tile = SharedMemory.Allocate<int>(64);
        var lane = Group.IdxX;
        tile[lane] = i[Grid.GlobalIndex.X];
        Group.Barrier();
        for (var step = 1; step < Group.DimX; step <<= 1)
        {
            var add = lane >= step ? tile[lane - step] : 0;
            Group.Barrier();
            tile[lane] += add;
            Group.Barrier();
        }

        y[Grid.GlobalIndex.X] = tile[lane];
    }

    [OracleCase(Groups = 2, GridY = 2, GroupX = 8, GroupY = 8)]
    [OracleCase(Groups = 2, GridY = 1, GroupX = 4, GroupY = 4)]
    [OracleCase(Groups = 1, GridY = 2, GroupX = 6, GroupY = 6)]
    public static void SharedTranspose(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var tile = SharedMemory.Allocate<float>(72);
        var width = Grid.DimX * Group.DimX;
        var row = (Grid.IdxY * Group.DimY) + Group.IdxY;
        var column = (Grid.IdxX * Group.DimX) + Group.IdxX;
        tile[(Group.IdxY * 9) + Group.IdxX] = a[(row * width) + column];
        Group.Barrier();
        x[(row * width) + column] = tile[(Group.IdxX * 9) + Group.IdxY];
    }

    [OracleCase(Groups = 2, GroupX = 16)]
    [OracleCase(Groups = 2, GroupX = 48)]
    public static void SharedTilesInALoop(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var tile = SharedMemory.Allocate<float>(64);
        var other = SharedMemory.Allocate<float>(64);
        var lane = Group.IdxX;
        var sum = 0f;
        for (var block = 0; block < 4; block++)
        {
            tile[lane] = a[(block * 16) + lane];
            other[Group.DimX - 1 - lane] = b[(block * 16) + lane];
            Group.Barrier();
            for (var k = 0; k < Group.DimX; k++)
            {
                sum += tile[k] * other[lane];
            }

            Group.Barrier();
        }

        x[Grid.GlobalIndex.X] = sum;
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void SharedWrittenByOneThread(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var word = SharedMemory.Allocate<int>(2);
        var value = SharedMemory.Allocate<float>(1);
        if (Group.IdxX == 0)
        {
            word[0] = 5;
            word[1] = Grid.IdxX;
        }

        if (Group.IdxX == Group.DimX - 1)
        {
            value[0] = a[Grid.GlobalIndex.X];
        }

        Group.Barrier();
        y[Grid.GlobalIndex.X] = word[0] + (word[1] * 10);
        x[Grid.GlobalIndex.X] = value[0];
        Group.Barrier();
        if (Group.IdxX == 3)
        {
            word[0] = 6;
        }

        Group.Barrier();
        y[Grid.GlobalIndex.X] += word[0] * 1000;
    }

    [OracleCase(Groups = 2, GroupX = 32, N = 100)]
    [OracleCase(Groups = 2, GroupX = 32, N = 3)]
    public static void BarrierInUniformBranch(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var tile = SharedMemory.Allocate<float>(32);
        var lane = Group.IdxX;
        var v = a[Grid.GlobalIndex.X];
        if (n > 50)
        {
            tile[lane] = v;
            Group.Barrier();
            v = tile[(lane + 1) % 32];
            Group.Barrier();
            tile[lane] = v;
            Group.Barrier();
            v += tile[(lane + 5) % 32];
        }

        x[Grid.GlobalIndex.X] = v;
    }
}
