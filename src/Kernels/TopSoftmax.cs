using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Util;

namespace Engine.Kernels;

/// <summary>
/// The largest probabilities of a softmax over each row of a [rows, columns] matrix, made for rows as long as a vocabulary: the row stays as it is, and only
/// the columns asked for are written.
/// </summary>
/// <remarks>
/// A group takes one row: its maximum, the sum of e^(x - max), and then one pass for each column asked for, which finds the largest value after those
/// already found. Of equal values the one with the lower column comes first, so that the order depends on the row alone.
/// </remarks>
/// <param name="device">The device to run on.</param>
public sealed class TopSoftmax(ComputeDevice device)
{
    /// <summary>The longest row: columns pass through the group's reductions as floats, which hold every integer up to here.</summary>
    public const int MaxColumns = 1 << 24;

    // Values that a thread adds one after another before the sum joins the other sums: keeps the rounding of a long row's sum that of a short one.
    private const int TermsPerSum = 64;

    private Action<KernelConfig, int, int, ArrayView<float>, ArrayView<int>, ArrayView<float>>? kernel;

    /// <summary>For each row, the columns with the largest e^(x[r, c] - max) / sum over c, most probable first.</summary>
    /// <param name="x">[rows, columns].</param>
    /// <param name="indices">[rows, count], the columns; -1 where the row has no numbers left (NaN).</param>
    /// <param name="probabilities">[rows, count].</param>
    /// <param name="rows">The number of rows; 0 does nothing.</param>
    /// <param name="columns">The row length, 1 to <see cref="MaxColumns"/>.</param>
    /// <param name="count">How many columns are wanted of each row, 1 to <paramref name="columns"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is out of its range.</exception>
    public void Run(ArrayView<float> x, ArrayView<int> indices, ArrayView<float> probabilities, int rows, int columns, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(columns, MaxColumns);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, columns);
        if (rows == 0)
            return;
        kernel ??= device.LoadOnce(Kernel, KernelLoaders.LoadStreamKernel);
        kernel(new KernelConfig(rows, device.Tiles.RowGroupSize), columns, count, x, indices, probabilities);
    }

    [Kernel]
    private static void Kernel(int columns, int count, ArrayView<float> x, ArrayView<int> indices, ArrayView<float> probabilities)
    {
        var shared = SharedMemory.Allocate<float>(GroupReduction.MaxGroupSize);
        int lane = Group.IdxX;
        int row = Grid.IdxX;
        int offset = row * columns;
        float max = Softmax.Largest(offset, columns, x, shared);
        float scale = 1f / SumOfExponentials(offset, columns, max, x, shared);
        float last = float.PositiveInfinity;
        int lastColumn = -1;
        for (int i = 0; i < count; i++)
        {
            float best = float.NegativeInfinity;
            int bestColumn = columns;
            for (int c = 0; c < columns; c += Group.DimX)
            {
                int column = c + lane;
                if (column < columns)
                {
                    // Columns ascend: of a thread's equal values the first one stays. NaN is neither below nor equal, and never chosen.
                    float value = x[offset + column];
                    bool after = (value < last) | ((value == last) & (column > lastColumn));
                    bool better = after & ((value > best) | (bestColumn == columns));
                    best = Utilities.Select(better, value, best);
                    bestColumn = Utilities.Select(better, column, bestColumn);
                }
            }

            last = GroupReduction.Max(best, shared);

            // Of the threads that found the largest value, the lowest column.
            float mine = -(float)Utilities.Select(best == last, bestColumn, columns);
            lastColumn = (int)-GroupReduction.Max(mine, shared);
            if (lane == 0)
            {
                bool found = lastColumn < columns;
                indices[row * count + i] = Utilities.Select(found, lastColumn, -1);
                probabilities[row * count + i] = DeviceMath.ExpNonPositive(last - max) * scale;
            }
        }
    }

    private static float SumOfExponentials(int offset, int columns, float max, ArrayView<float> x, ArrayView<float> shared)
    {
        int lane = Group.IdxX;
        int size = Group.DimX;
        int full = columns & ~(size - 1);
        float sum = 0f;
        for (int start = 0; start < full; start += size * TermsPerSum)
        {
            int end = IntrinsicMath.Min(start + size * TermsPerSum, full);
            float part = 0f;
            for (int c = start; c < end; c += size)
                part += DeviceMath.ExpNonPositive(x[offset + c + lane] - max);
            sum += part;
        }

        if (full + lane < columns)
            sum += DeviceMath.ExpNonPositive(x[offset + full + lane] - max);
        return GroupReduction.Sum(sum, shared);
    }
}
