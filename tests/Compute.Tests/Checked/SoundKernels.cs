using ILGPU;

namespace Engine.Compute.Tests.Checked;

#pragma warning disable CA1062 // Kernels get views, which are structures.

/// <summary>Kernels that look like those of <see cref="FaultyKernels"/> and have no fault.</summary>
public static class SoundKernels
{
    public static void GuardedDivision(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        y[g] = zero != 0 ? x[g] / zero : x[g];
    }

    public static void GuardedRemainderInACondition(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        y[g] = zero != 0 && x[g] % zero == 1 ? 1 : 2;
    }

    public static void AQuotientThatNobodyUses(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        var quotient = x[g] / (g - 3);
        y[g] = g == 3 ? 0 : quotient;
    }

    public static void SmallestIntegerByMinusOne(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        y[Grid.GlobalIndex.X] = (int.MinValue + zero) / (zero - 1);
    }

    public static void AtomicsOnOneElement(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        Atomic.Add(ref y[0], x[Grid.GlobalIndex.X]);
    }

    public static void BarriersInAUniformLoop(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var shared = SharedMemory.Allocate<int>(8);
        var g = Grid.GlobalIndex.X;
        var sum = 0;
        for (var k = 0; k < n / 4; k++)
        {
            shared[Group.IdxX] = x[g] + k;
            Group.Barrier();
            sum += shared[(Group.IdxX + 1) % 8];
            Group.Barrier();
        }

        y[g] = sum;
    }

    public static void AUniformReturnBeforeABarrier(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        if (Grid.IdxX == 1)
        {
            return;
        }

        var shared = SharedMemory.Allocate<int>(8);
        shared[Group.IdxX] = x[Group.IdxX];
        Group.Barrier();
        y[Group.IdxX] = shared[7 - Group.IdxX];
    }

    public static void ReadsItsOwnWrites(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        var local = LocalMemory.Allocate<int>(4);
        local[g & 3] = x[g];
        unwritten[g] = local[g & 3];
        unwritten[g] += 1;
        y[g] = unwritten[g];
    }

    public static void AllReadOneElement(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        y[Grid.GlobalIndex.X] = x[0] + x[n - 1];
    }

    public static void NeighboursInOneWord(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        var bytes = unwritten.Cast<byte>();
        bytes[g] = (byte)x[g];
        y[g] = bytes[g];
    }

    public static void WarpsExchangeBetweenTheirBarriers(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var shared = SharedMemory.Allocate<int>(8);
        var g = Grid.GlobalIndex.X;
        shared[Group.IdxX] = x[g];
        Warp.Barrier();
        y[g] = shared[Group.IdxX ^ 1];
    }

    public static void TheLastElementOfEverything(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        var local = new int[4];
        local[3] = x[n - 1];
        var part = x.SubView(n - 1, 1);
        y[g] = local[3] + part[0];
    }

    public static void TheLastGroupSumsUp(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        var g = Grid.GlobalIndex.X;
        unwritten[g] = x[g];
        MemoryFence.DeviceLevel();
        Group.Barrier();
        var count = SharedMemory.Allocate<int>(1);
        if (Group.IdxX == 0)
        {
            count[0] = Atomic.Add(ref y[0], 1);
        }

        Group.Barrier();
        if (count[0] == Grid.DimX - 1 && Group.IdxX == 0)
        {
            var sum = 0;
            for (var k = 0; k < n; k++)
            {
                sum += unwritten[k];
            }

            y[1] = sum;
        }
    }

    /// <summary>Each thread leaves its index where the threads before it have left theirs: sound, and the order of threads can be seen.</summary>
    public static void ComesNext(ArrayView<int> x, ArrayView<int> y, ArrayView<int> unwritten, int n, int zero)
    {
        x[Atomic.Add(ref y[0], 1)] = Grid.GlobalIndex.X;
    }
}
