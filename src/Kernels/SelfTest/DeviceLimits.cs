using Engine.Compute;

namespace Engine.Kernels;

/// <summary>Says why a device cannot run kernels of a shape that it would not choose.</summary>
internal static class DeviceLimits
{
    /// <summary>What stands in the way of a kernel, or null.</summary>
    /// <param name="tiles">The device's limits.</param>
    /// <param name="groupSize">The kernel's threads of a group.</param>
    /// <param name="sharedBytes">The kernel's shared memory in bytes.</param>
    /// <param name="shuffledLanes">Threads that exchange values within a warp; 0 where none do.</param>
    public static string? Obstacle(TileTable tiles, int groupSize, int sharedBytes, int shuffledLanes = 0)
    {
        if (groupSize > tiles.MaxGroupSize)
            return $"needs groups of {groupSize} threads, the device has {tiles.MaxGroupSize} at most";
        if (sharedBytes > tiles.SharedMemoryBytes)
            return $"needs {Kilobytes(sharedBytes)} KiB of shared memory, the device has {Kilobytes(tiles.SharedMemoryBytes)}";
        if (shuffledLanes > 0 && !tiles.WarpShuffles)
            return "needs warp shuffles, which ILGPU does not compile for this device";
        return shuffledLanes > tiles.WarpSize ? $"needs warps of {shuffledLanes} threads, the device has {tiles.WarpSize}" : null;
    }

    private static int Kilobytes(int bytes) => (bytes + 1023) / 1024;
}
