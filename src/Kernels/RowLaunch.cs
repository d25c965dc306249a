using Engine.Compute;
using ILGPU;

namespace Engine.Kernels;

/// <summary>The launch shape of kernels whose group works on one row at a time.</summary>
internal static class RowLaunch
{
    /// <summary>
    /// Rows that one group handles one after another, so that the cost of starting a group is spread. A row's result does
    /// not depend on it.
    /// </summary>
    public const int RowsPerGroup = 8;

    /// <summary>Groups for <paramref name="rows"/> rows; each loops over <see cref="RowsPerGroup"/> of them.</summary>
    public static KernelConfig Shape(ComputeDevice device, int rows) =>
        new((rows + RowsPerGroup - 1) / RowsPerGroup, device.Tiles.RowGroupSize);
}
