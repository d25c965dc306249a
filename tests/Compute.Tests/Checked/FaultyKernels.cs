using System.Diagnostics;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Compute.Tests.Checked;

#pragma warning disable CA1062 // Kernels get views, which are structures.

/// <summary>Kernels with one fault each; its line ends in the comment "fault". Launched with two groups of 8 threads on views of 16 elements, n = 16, zero = 0.</summary>
public static class FaultyKernels
{
    public static void ReadsBehindTheView(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        y[g] = x[g + 1]; // fault
    }

    public static void WritesBeforeTheView(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        y[g - 1] = x[g]; // fault
    }

    public static void ReadsBehindASubView(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        var part = x.SubView(0, n - 1);
        y[g] = part[g]; // fault
    }

    public static void ReadsBehindARow(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        var table = new ArrayView2D<int, Stride2D.DenseY>(x, new LongIndex2D(n >> 2, 4), new Stride2D.DenseY(4));
        y[g] = table[g >> 2, g == n - 1 ? 4 : g & 3]; // fault
    }

    public static void WritesBehindALocalArray(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        var local = new int[4];
        local[g == n - 1 ? 4 : g & 3] = x[g]; // fault
        y[g] = local[g & 3];
    }

    public static void ReadsBeforeALocalArray(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        var local = new int[4];
        local[g & 3] = x[g];
        y[g] = local[g == n - 1 ? -1 : g & 3]; // fault
    }

    public static void WritesBehindASharedArray(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var shared = SharedMemory.Allocate<int>(8);
        var g = Grid.GlobalIndex.X;
        shared[g == n - 1 ? 8 : Group.IdxX] = x[g]; // fault
        y[g] = g;
    }

    public static void FollowsASubViewOutOfItsBuffer(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        var part = x.SubView(n - 1, 2_000_000);
        y[g] = part[g == n - 1 ? 1_000_000 : 0]; // fault
    }

    public static void ReadsAnUnwrittenBuffer(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        if (g < n - 1)
        {
            unwritten[g] = x[g];
        }

        y[g] = unwritten[g]; // fault
    }

    public static void ReadsUnwrittenSharedMemory(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var shared = SharedMemory.Allocate<int>(16);
        var g = Grid.GlobalIndex.X;
        shared[Group.IdxX] = x[g];
        Group.Barrier();
        y[g] = shared[g == n - 1 ? 8 : Group.DimX - 1 - Group.IdxX]; // fault
    }

    public static void ReadsUnwrittenLocalMemory(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        var local = LocalMemory.Allocate<int>(4);
        local[0] = x[g];
        y[g] = local[g == n - 1 ? 1 : zero]; // fault
    }

    public static void ReadsWhatAnotherThreadWritesWithNoBarrier(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var shared = SharedMemory.Allocate<int>(8);
        var g = Grid.GlobalIndex.X;
        shared[Group.IdxX] = x[g];
        if (g < n - 1)
        {
            Group.Barrier();
        }

        y[g] = g == n - 1 ? shared[0] : shared[Group.IdxX];
    }

    public static void RacesInAGroup(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var shared = SharedMemory.Allocate<int>(8);
        var g = Grid.GlobalIndex.X;
        shared[Group.IdxX >> 1] = x[g]; // fault
        y[g] = g;
    }

    public static void RacesBetweenGroups(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        y[Group.IdxX] = x[Grid.GlobalIndex.X]; // fault
    }

    public static void WritesWhatAnotherGroupReads(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        if (Grid.IdxX == 0)
        {
            y[g] = x[g + 8];
        }
        else
        {
            x[g] = g; // fault
        }
    }

    public static void AddsWithoutAtomics(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        if (g == 3)
        {
            Atomic.Add(ref y[0], x[g]);
        }
        else if (g == 4)
        {
            y[0] = x[g]; // fault
        }
    }

    public static void HalfTheGroupMeets(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        if (Group.IdxX < 4)
        {
            Group.Barrier(); // fault
        }

        y[g] = x[g];
    }

    public static void MeetsAtTwoPlaces(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        if (Group.IdxX < 4)
        {
            y[g] = x[g];
            Group.Barrier();
        }
        else
        {
            y[g] = x[g] + 1;
            Group.Barrier();
        }
    }

    public static void StoresAQuotientByZero(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        y[g] = (x[g] / zero) + 1; // fault
    }

    public static void BranchesOnARemainderByZero(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        var divisor = g - 5;
        var remainder = x[g] % divisor; // fault
        if (remainder == 1)
        {
            y[g] = 1;
        }
        else
        {
            y[g] = x[g];
        }
    }

    public static void Asserts(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        Trace.Assert(g != 5, "five is not allowed"); // fault
        y[g] = x[g];
    }

    public static void SumsUpWithoutAFence(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        unwritten[g] = x[g];
        Group.Barrier();
        var count = SharedMemory.Allocate<int>(1);
        if (Group.IdxX == 0)
        {
            count[0] = Atomic.Add(ref y[0], 1);
        }

        Group.Barrier();
        if (count[0] == Grid.DimX - 1 && Group.IdxX == 0)
        {
            y[1] = unwritten[0]; // fault
        }
    }

    public static void ReadsBehindTheViewAgainAndAgain(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        var sum = 0;
        for (var k = 0; k < n; k++)
        {
            sum += x[g < 8 ? k : n + k]; // fault
        }

        y[g] = sum;
    }
}
