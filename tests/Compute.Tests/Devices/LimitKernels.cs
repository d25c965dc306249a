using ILGPU;

namespace Engine.Compute.Tests.Devices;

/// <summary>Kernels for devices of lower limits.</summary>
public static class LimitKernels
{
    public static void Fill(ArrayView<int> x) => x[Group.IdxX] = 1;

    public static void Count(Index1D i, ArrayView<int> x) => x[i] = i;
}
