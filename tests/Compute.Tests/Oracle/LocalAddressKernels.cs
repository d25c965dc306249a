using System.Runtime.CompilerServices;
using ILGPU;

namespace Engine.Compute.Tests.Oracle;

#pragma warning disable CA1062 // Kernels get views, which are structures.

/// <summary>Local memory whose address is a value: chosen, cast, compared.</summary>
public static class LocalAddressKernels
{
    public struct Words
    {
        public long First;
        public long Second;
    }

    [OracleCase(Groups = 2, GroupX = 40)]
    public static void Chosen(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var left = LocalMemory.Allocate1D<float>(8);
        var right = LocalMemory.Allocate1D<float>(8);
        for (var k = 0; k < 8; k++)
        {
            left[k] = a[g + k];
            right[k] = b[g + k];
        }

        var chosen = i[g] > 3 ? left : right;
        chosen[i[g]] += 10f;
        x[g] = left[i[g]] - right[i[g + 1]];
        y[g] = (int)chosen[7 - i[g]];
    }

    [OracleCase(Groups = 2, GroupX = 40)]
    public static void ChosenInALoop(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var now = LocalMemory.Allocate1D<int>(8);
        var next = LocalMemory.Allocate1D<int>(8);
        for (var k = 0; k < 8; k++)
        {
            now[k] = i[g + k];
            next[k] = 0;
        }

        for (var round = 0; round < i[g]; round++)
        {
            for (var k = 0; k < 8; k++)
            {
                next[k] = now[(k + 1) & 7] + now[k];
            }

            var swap = now;
            now = next;
            next = swap;
        }

        y[g] = now[i[g + 1]] + now[0];
    }

    [OracleCase(Groups = 2, GroupX = 40)]
    public static void SeenAsOtherTypes(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var words = LocalMemory.Allocate<Words>(4);
        var integers = words.Cast<int>();
        for (var k = 0; k < 16; k++)
        {
            integers[k] = i[g + k] * (k + 1);
        }

        words[i[g] & 3].Second ^= 0x5555_0000_1234L + g;
        y[g] = integers[(i[g + 1] + g) & 15] + words.Cast<byte>()[(g * 5) & 63];
        x[g] = words[1].First;
    }

    [OracleCase(Groups = 2, GroupX = 40)]
    public static void AtomicsOnLocals(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var counts = LocalMemory.Allocate1D<int>(8);
        for (var k = 0; k < 8; k++)
        {
            counts[k] = 0;
        }

        for (var k = 0; k < 20; k++)
        {
            Atomic.Add(ref counts[i[g + k]], 1);
        }

        y[g] = Largest(ref counts[i[g]], ref counts[i[g + 1]]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Largest(ref int first, ref int second)
    {
        ref var larger = ref first > second ? ref first : ref second;
        larger += 100;
        return first + second;
    }
}
