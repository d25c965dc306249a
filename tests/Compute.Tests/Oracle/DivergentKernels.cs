using ILGPU;

namespace Engine.Compute.Tests.Oracle;

#pragma warning disable CA1062 // Kernels get views, which are structures.

/// <summary>What no vector can do, because its lanes would have to wait at different places: these kernels run thread by thread at every width.</summary>
public static class DivergentKernels
{
    [OracleCase(Groups = 2, GroupX = 16)]
    [OracleCase(Groups = 1, GroupX = 5, GroupY = 3)]
    public static void BarriersOnBothSides(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var shared = SharedMemory.Allocate<int>(32);
        var thread = Group.LinearIndex;
        var g = (Grid.IdxX * Group.Dimension.Size) + thread;
        if (thread % 2 == 0)
        {
            shared[thread] = i[g];
            Group.Barrier();
            y[g] = shared[thread == Group.Dimension.Size - 1 ? thread : thread + 1] * 3;
        }
        else
        {
            shared[thread] = i[g] + 100;
            Group.Barrier();
            y[g] = shared[thread - 1] * 5;
        }
    }

    [OracleCase(Groups = 2, GroupX = 16)]
    public static void AnEarlyBarrierMeetsALateOne(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var shared = SharedMemory.Allocate<int>(32);
        var thread = Group.IdxX;
        var g = Grid.GlobalIndex.X;
        shared[thread] = 0;
        Group.Barrier();
        if (thread < 8)
        {
            // The other half meets these at its own, later barrier, behind its store.
            Group.Barrier();
            y[g] = shared[thread + 8];
            return;
        }

        shared[thread] = i[g] + 1;
        Group.Barrier();
        y[g] = shared[thread];
    }

    [OracleCase(Groups = 2, GroupX = 32, WarpGroup = true)]
    public static void SubWarpsOfAnyWidth(ArrayView<float> a, ArrayView<float> b, ArrayView<int> i, ArrayView<float> x, ArrayView<int> y, int n, float s)
    {
        var g = Grid.GlobalIndex.X;
        var width = n % 7 == 2 ? 2 : 4;
        y[g] = Warp.ShuffleXor(i[g], 1, width) + (Warp.ShuffleXor(i[g + 1], 1, width) * 1000);
        x[g] = Warp.ShuffleDown(a[g], 1, width) + Warp.ShuffleUp(b[g], 1, width);
    }
}
