using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;

namespace Engine.Compute;

/// <summary>
/// Sizes by which kernels choose their shape. Made from an accelerator's limits and warp size, never from its type, so that every
/// shape can be tried on every device.
/// </summary>
public sealed record TileTable
{
    /// <summary>Shared memory from which on the panels of the CPU-shaped kernels fit, in bytes.</summary>
    private const int PanelSharedMemory = 256 * 1024;

    /// <summary>Widest warp that is one vector of a processor.</summary>
    private const int WidestVector = 16;

    /// <summary>Smallest group limit with which row kernels of GPU shape make sense.</summary>
    private const int SmallestGpuGroup = 128;

    /// <summary>Gets the threads of a warp.</summary>
    public required int WarpSize { get; init; }

    /// <summary>Gets the most threads of a group.</summary>
    public required int MaxGroupSize { get; init; }

    /// <summary>Gets the shared memory that a group may have, in bytes.</summary>
    public required int SharedMemoryBytes { get; init; }

    /// <summary>Gets the threads of a group that works on one row or one tile of rows; a power of two.</summary>
    public required int RowGroupSize { get; init; }

    /// <summary>Gets the threads of a group of elementwise kernels.</summary>
    public required int ElementGroupSize { get; init; }

    /// <summary>Gets a value indicating whether kernels that keep panels in shared memory and work in groups of one warp fit and pay.</summary>
    public required bool PanelGemm { get; init; }

    /// <summary>Gets a value indicating whether the threads of a warp can exchange values by shuffles.</summary>
    public required bool WarpShuffles { get; init; }

    /// <summary>Makes the table of an accelerator.</summary>
    /// <param name="accelerator">The accelerator.</param>
    /// <returns>The table.</returns>
    public static TileTable For(Accelerator accelerator)
    {
        ArgumentNullException.ThrowIfNull(accelerator);

        // OpenCL alone may lack them; without sub-groups ILGPU refuses the kernel.
        var shuffles = accelerator.Capabilities is not CLCapabilityContext { SubGroups: false };
        return For(accelerator.WarpSize, accelerator.MaxNumThreadsPerGroup, accelerator.MaxSharedMemoryPerGroup, shuffles);
    }

    /// <summary>Makes the table from limits.</summary>
    /// <param name="warpSize">Threads of a warp.</param>
    /// <param name="maxGroupSize">Most threads of a group.</param>
    /// <param name="sharedMemoryBytes">Shared memory of a group in bytes.</param>
    /// <param name="warpShuffles">Whether the threads of a warp can exchange values.</param>
    /// <returns>The table.</returns>
    public static TileTable For(int warpSize, int maxGroupSize, int sharedMemoryBytes, bool warpShuffles = true)
    {
        // Warps of up to 16 threads beside a large shared memory: a group of one warp is one vector of a processor.
        var vectors = warpSize is > 1 and <= WidestVector && sharedMemoryBytes >= PanelSharedMemory;
        var large = maxGroupSize >= SmallestGpuGroup;
        return new TileTable
        {
            WarpSize = warpSize,
            MaxGroupSize = maxGroupSize,
            SharedMemoryBytes = sharedMemoryBytes,
            RowGroupSize = PowerOfTwoUpTo(vectors && large ? warpSize : Math.Min(SmallestGpuGroup, maxGroupSize)),
            ElementGroupSize = PowerOfTwoUpTo(Math.Min(vectors ? 1024 : 256, maxGroupSize)),
            PanelGemm = vectors,
            WarpShuffles = warpShuffles,
        };
    }

    private static int PowerOfTwoUpTo(int value) => 1 << (31 - System.Numerics.BitOperations.LeadingZeroCount((uint)value));
}
