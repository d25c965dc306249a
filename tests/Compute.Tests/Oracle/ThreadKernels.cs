using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Algorithms.ScanReduceOperations;

namespace Engine.Compute.Tests.Oracle;

#pragma warning disable CA1062 // Kernels get views, which are structures.

/// <summary>What threads of a warp and of a group exchange: broadcasts, reductions, scans, dynamic shared memory, barriers in loops that end at different times.</summary>
public static class ThreadKernels
{
    [OracleCase(Groups = 2, GroupX = 32, WarpGroup = true)]
    public static void Broadcasts(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        y[g] = Warp.Broadcast(i[g], Warp.WarpSize - 1) + Warp.Broadcast(n, 0) + Warp.Broadcast(Group.IdxX, 1);
        x[g] = Group.Broadcast(a[g], 3) + Group.Broadcast(s, 2);
    }

    [OracleCase(Groups = 2, GroupX = 32, WarpGroup = true)]
    [OracleCase(Groups = 1, GroupX = 64, WarpGroup = true)]
    public static void Reductions(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        y[g] = GroupExtensions.AllReduce<int, AddInt32>(i[g]) + (WarpExtensions.AllReduce<int, MaxInt32>(i[g]) * 1000);
        x[g] = GroupExtensions.AllReduce<float, MaxFloat>(a[g]);
    }

    [OracleCase(Groups = 2, GroupX = 32, WarpGroup = true)]
    public static void Scans(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        y[g] = GroupExtensions.InclusiveScan<int, AddInt32>(i[g]) + (WarpExtensions.ExclusiveScan<int, AddInt32>(i[g]) * 1000);
        x[g] = GroupExtensions.ExclusiveScan<float, AddFloat>(a[g]);
    }

    [OracleCase(Groups = 3, GroupX = 24, DynamicShared = 24)]
    public static void DynamicShared(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var memory = SharedMemory.GetDynamic<float>();
        var fixedMemory = SharedMemory.Allocate<int>(24);
        memory[Group.IdxX] = a[g];
        fixedMemory[Group.IdxX] = i[g];
        Group.Barrier();
        x[g] = memory[Group.DimX - 1 - Group.IdxX];
        y[g] = fixedMemory[(Group.IdxX + 5) % Group.DimX] + memory.IntLength;
    }

    [OracleCase(Groups = 2, GroupX = 16)]
    [OracleCase(Groups = 1, GroupX = 13)]
    public static void BarriersInAShrinkingLoop(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        Group.Barrier();
        var count = 0;
        for (var k = 0; k < Group.IdxX; k++)
        {
            Group.Barrier();
            count += i[g + k];
        }

        y[g] = count;
    }

    [OracleCase(Groups = 2, GroupX = 16)]
    public static void VotesOfTheThreadsThatAreLeft(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        if (Group.IdxX >= 10)
        {
            return;
        }

        var all = Group.BarrierAnd(i[g] >= 0);
        var any = Group.BarrierOr(i[g] < 0);
        y[g] = Group.BarrierPopCount(i[g] >= 4) + (all ? 100 : 0) + (any ? 1000 : 0);
    }
}
