using ILGPU;

namespace Engine.Compute.Tests.Oracle;

#pragma warning disable CA1062 // Kernels get views, which are structures.

/// <summary>Kernels about values: integers, conversions, bits, inlined helpers, atomics and exchanges between threads.</summary>
public static class ArithmeticKernels
{
    public interface IStep
    {
        float Apply(float value, int index);
    }

    public struct Doubler : IStep
    {
        public float Offset;

        public readonly float Apply(float value, int index) => (value * 2f) + Offset + index;
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void Integers(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var p = (i[g] * 1_000_003) - (g * 77_777_777);
        var q = i[(g + 1) % n] + 3;
        y[g] = (p / q) + (p % q) + (p << (q & 31)) + (p >> (q & 31)) + (p & q) + (p | q) + (p ^ ~q);
        y[g + 70] = Math.Min(p, q) + Math.Max(p, q) + Math.Abs(q - 6) - p;
        y[g + 140] = (p < q ? 1 : 0) + (p == q ? 2 : 0) + (p >= -q ? 4 : 0);
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void UnsignedIntegers(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var p = ((uint)i[g] * 2654435761u) + (uint)g;
        var q = (uint)i[(g + 1) % n] + 3u;
        y[g] = (int)((p / q) + (p % q) + (p >> 7) + (p << 3));
        y[g + 70] = (p > 0x80000000u ? 1 : 0) + (p < q ? 2 : 0) + (int)Math.Min(p, 0x90000000u);
        y[g + 140] = (int)(((ulong)p * q) >> 32);
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void Conversions(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        x[g] = i[g] + (float)(g * 1_000_001);
        y[g] = (int)(a[g] * 1000f);
        x[g + 70] = (float)(double)b[g];
        y[g + 70] = (sbyte)(i[g] * 50) + (byte)(i[g] * 50) + (short)(i[g] * 9999) + (ushort)(g * 9999);
        y[g + 140] = (int)((long)i[g] * 3_000_000_000L);
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    [OracleCase(Groups = 2, GroupX = 20)]
    public static void FloatsToSmallIntegers(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var p = a[g] * 100f;
        var q = (double)a[g] * 5e8;
        y[g] = (byte)p + ((sbyte)p << 8) + ((ushort)p << 16);
        y[g + 70] = (short)p ^ ((byte)q << 16);
        y[g + 140] = (ushort)q + ((sbyte)q << 16);
        y[g + 210] = (byte)(ILGPU.Half)p + ((ushort)(ILGPU.Half)p << 8);
        y.Cast<uint>()[g + 280] = (uint)p + (uint)q;
        y.Cast<ulong>()[g + 180] = (ulong)q ^ (ulong)p;
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void FloatOperations(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var p = a[g];
        var q = b[g];
        x[g] = (p / q) + MathF.Sqrt(MathF.Abs(q)) - (-p);
        x[g + 70] = (p < q ? p : q) + (p >= s ? 1f : 2f) + MathF.Abs(p - q);
        x[g + 140] = MathF.Floor(p) + MathF.Ceiling(q);
        y[g] = (p == q ? 1 : 0) + (p + 1f == p ? 2 : 0) + (float.IsNaN(p) ? 4 : 0) + (float.IsInfinity(q) ? 8 : 0) + (!(p > q) ? 16 : 0);
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void NotANumber(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var p = i[g] == 2 ? float.NaN : i[g] == 3 ? float.PositiveInfinity : a[g];
        var q = (g & 3) == 1 ? float.NaN : b[g];
        var code = 0;
        if (p < q)
        {
            code |= 1;
        }

        if (!(p < q))
        {
            code |= 2;
        }

        if (p <= q)
        {
            code |= 4;
        }

        if (p != q)
        {
            code |= 8;
        }

        while (q > 100f)
        {
            q *= 0.5f;
            code += 16;
        }

        y[g] = code;
        x[g] = p - q;
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void Bits(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var bits = Interop.FloatAsInt(a[g]);
        y[g] = (int)((bits >> 23) & 0xffu);
        x[g] = Interop.IntAsFloat((bits & 0x807fffffu) | 0x3f800000u);
        y[g + 70] = IntrinsicMath.BitOperations.PopCount(i[g] * 12345) + IntrinsicMath.BitOperations.LeadingZeroCount(i[g] + 1);
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void Philox(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        uint c0 = (uint)g, c1 = 0, k0 = (uint)n, k1 = 0x1234567u, c2 = 3, c3 = 4;
        for (var round = 0; round < 10; round++)
        {
            var p = (ulong)c0 * 0xD2511F53u;
            var q = (ulong)c2 * 0xCD9E8D57u;
            (c0, c1, c2, c3) = ((uint)(q >> 32) ^ c1 ^ k0, (uint)q, (uint)(p >> 32) ^ c3 ^ k1, (uint)p);
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }

        y[g] = (int)c0;
        y[g + 70] = (int)(c1 ^ c2 ^ c3);
        x[g] = (c0 >> 8) * (1f / 16777216f);
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void Helpers(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var count = 0;
        Accumulate(a[g], ref count, out var twice);
        x[g] = Chain(new Doubler { Offset = s }, twice, i[g]);
        y[g] = count;
    }

    [OracleCase(Groups = 4, GroupX = 32)]
    public static void Atomics(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        Atomic.Max(ref y[20], i[g] * 3);
        Atomic.Min(ref y[21], -g);
        Atomic.Or(ref y[22], 1 << (g & 31));
        if (i[g] > 3)
        {
            Atomic.Add(ref y[i[g]], g);
        }
    }

    [OracleCase(Groups = 3, GroupX = 32)]
    public static void SharedHistogram(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var counts = SharedMemory.Allocate<int>(32);
        counts[Group.IdxX] = 0;
        Group.Barrier();
        Atomic.Add(ref counts[i[Grid.GlobalIndex.X]], 1);
        Group.Barrier();
        y[Grid.GlobalIndex.X] = counts[Group.IdxX];
    }

    [OracleCase(Groups = 2, GroupX = 32, WarpGroup = true)]
    [OracleCase(Groups = 2, GroupX = 16, WarpGroup = true)]
    public static void Shuffles(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var v = a[g];
        x[g] = Warp.ShuffleXor(v, 1) + (Warp.ShuffleXor(v, 2) * 3f);
        y[g] = Warp.Shuffle(i[g], 2) + (Warp.LaneIdx * 100) + (Warp.WarpSize * 10_000) + (Warp.WarpIdx * 1_000_000);
        var sum = v;
        for (var mask = Warp.WarpSize >> 1; mask > 0; mask >>= 1)
        {
            sum += Warp.ShuffleXor(sum, mask);
        }

        x[g + 70] = sum;
        x[g + 140] = Warp.ShuffleDown(v, 1);
    }

    [OracleCase(Groups = 2, GroupX = 32)]
    public static void GroupExchanges(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        x[g] = Group.Broadcast(a[g], 5);
        y[g] = Group.BarrierPopCount(i[g] > 3);
        y[g + 70] = (Group.BarrierAnd(i[g] >= 0) ? 1 : 0) + (Group.BarrierOr(i[g] == 3) ? 2 : 0);
    }

    private static void Accumulate(float value, ref int count, out float twice)
    {
        twice = value;
        if (value > 0f)
        {
            count += 3;
            twice = value + value;
        }
    }

    private static float Chain<TStep>(TStep step, float value, int count)
        where TStep : struct, IStep
    {
        for (var k = 0; k < count; k++)
        {
            value = step.Apply(value, k);
            if (value > 1e6f)
            {
                return -value;
            }
        }

        return value;
    }
}
