using ILGPU;

namespace Engine.Kernels;

/// <summary>
/// What the CPU-shaped attention kernels are built of. A group is one vector of threads. Operands of products lie in shared memory, all with one row
/// stride, so that addresses are constants apart; a product keeps <c>Rows</c> x 2 accumulators in registers, loads two vectors of the right operand and
/// broadcasts the numbers of the left one.
/// </summary>
internal static class AttentionPanels
{
    /// <summary>Keys that are worked on together.</summary>
    internal const int KeyTile = 128;

    /// <summary>Distance of the rows of every matrix in shared memory: an odd number of cache lines, so that rows spread over the cache's sets.</summary>
    internal const int Stride = 128 + 16;

    /// <summary>Shared memory that the larger of the kernels takes, in bytes.</summary>
    internal const int SharedBytes = AttentionPanelBackward.SharedFloats * sizeof(float);

    /// <summary>Most threads of a group.</summary>
    internal const int MaxLanes = 16;

    /// <summary>
    /// Copies rows of a matrix into shared memory, times a factor. Columns are padded with zeros to whole panels of two vectors, rows to
    /// <paramref name="paddedRows"/>.
    /// </summary>
    internal static void Pack<TTile>(
        ArrayView<float> source, int first, int rowStride, int rows, int paddedRows, int columns, float factor, ArrayView<float> target)
        where TTile : struct, IAttentionPanel
    {
        int lanes = default(TTile).Lanes;
        int lane = Group.IdxX;
        int whole = columns & ~(lanes - 1);
        int padded = RoundUp(columns, lanes * 2);
        for (int row = 0; row < rows; row++)
        {
            int from = first + row * rowStride + lane;
            int to = row * Stride + lane;
            for (int column = 0; column < whole; column += lanes)
                target[to + column] = source[from + column] * factor;
            for (int column = whole; column < padded; column += lanes)
            {
                float value = 0f;
                if (column + lane < columns)
                    value = source[from + column] * factor;
                target[to + column] = value;
            }
        }

        for (int row = rows; row < paddedRows; row++)
        {
            for (int column = 0; column < padded; column += lanes)
                target[row * Stride + column + lane] = 0f;
        }
    }

    /// <summary>Copies rows of a matrix into shared memory as columns, padded with zeros to whole panels of two vectors.</summary>
    internal static void PackTransposed<TTile>(ArrayView<float> source, int first, int rowStride, int rows, int columns, ArrayView<float> target)
        where TTile : struct, IAttentionPanel
    {
        int lanes = default(TTile).Lanes;
        int lane = Group.IdxX;
        int whole = rows & ~(lanes - 1);
        int padded = RoundUp(rows, lanes * 2);
        for (int row = 0; row < whole; row += lanes)
        {
            int from = first + (row + lane) * rowStride;
            for (int column = 0; column < columns; column++)
                target[column * Stride + row + lane] = source[from + column];
        }

        for (int row = whole; row < padded; row += lanes)
        {
            int from = first + (row + lane) * rowStride;
            for (int column = 0; column < columns; column++)
            {
                float value = 0f;
                if (row + lane < rows)
                    value = source[from + column];
                target[column * Stride + row + lane] = value;
            }
        }
    }

    /// <summary>
    /// A register tile of a product: result[row, column] (+)= sum over steps of left[row, step] x right[step, column], for <c>Rows</c> rows and the
    /// columns of two vectors.
    /// </summary>
    /// <param name="left">The left operand; its numbers are broadcast.</param>
    /// <param name="leftAt">Where its first number lies.</param>
    /// <param name="leftRow">Distance of its rows, a constant.</param>
    /// <param name="leftStep">Distance of its steps, a constant.</param>
    /// <param name="right">The right operand, its steps <see cref="Stride"/> apart.</param>
    /// <param name="rightAt">Its first column.</param>
    /// <param name="steps">Length of the reduction.</param>
    /// <param name="result">The result, its rows <see cref="Stride"/> apart.</param>
    /// <param name="resultAt">Its first element.</param>
    /// <param name="accumulate">Whether to add to the result.</param>
    internal static void Multiply<TTile>(
        ArrayView<float> left,
        int leftAt,
        int leftRow,
        int leftStep,
        ArrayView<float> right,
        int rightAt,
        int steps,
        ArrayView<float> result,
        int resultAt,
        bool accumulate)
        where TTile : struct, IAttentionPanel
    {
        int lanes = default(TTile).Lanes;
        int rows = default(TTile).Rows;
        int lane = Group.IdxX;
        var sums = new float[default(TTile).Rows * 2];
        if (accumulate)
        {
            for (int row = 0; row < rows; row++)
            {
                sums[row * 2] = result[resultAt + row * Stride + lane];
                sums[row * 2 + 1] = result[resultAt + row * Stride + lanes + lane];
            }
        }

        for (int step = 0; step < steps; step++)
        {
            float low = right[rightAt + step * Stride + lane];
            float high = right[rightAt + step * Stride + lanes + lane];
            for (int row = 0; row < rows; row++)
            {
                float factor = left[leftAt + row * leftRow + step * leftStep];
                sums[row * 2] += factor * low;
                sums[row * 2 + 1] += factor * high;
            }
        }

        for (int row = 0; row < rows; row++)
        {
            result[resultAt + row * Stride + lane] = sums[row * 2];
            result[resultAt + row * Stride + lanes + lane] = sums[row * 2 + 1];
        }
    }

    /// <summary>The sum of what the lanes left at an address, in a fixed order; the same in every lane.</summary>
    internal static float LaneSum<TTile>(ArrayView<float> shared, int at)
        where TTile : struct, IAttentionPanel
    {
        float sum = Sum4(shared, at);
        if (default(TTile).Lanes >= 8)
            sum += Sum4(shared, at + 4);
        if (default(TTile).Lanes >= 16)
            sum += Sum4(shared, at + 8) + Sum4(shared, at + 12);
        return sum;
    }

    /// <summary>The largest of what the lanes left at an address; the same in every lane.</summary>
    internal static float LaneMax<TTile>(ArrayView<float> shared, int at)
        where TTile : struct, IAttentionPanel
    {
        float max = Max4(shared, at);
        if (default(TTile).Lanes >= 8)
            max = DeviceMath.Max(max, Max4(shared, at + 4));
        if (default(TTile).Lanes >= 16)
            max = DeviceMath.Max(max, DeviceMath.Max(Max4(shared, at + 8), Max4(shared, at + 12)));
        return max;
    }

    /// <summary>Rounds up to a multiple of a power of two.</summary>
    internal static int RoundUp(int value, int multiple) => (value + multiple - 1) & ~(multiple - 1);

    private static float Sum4(ArrayView<float> shared, int at) => (shared[at] + shared[at + 1]) + (shared[at + 2] + shared[at + 3]);

    private static float Max4(ArrayView<float> shared, int at) =>
        DeviceMath.Max(DeviceMath.Max(shared[at], shared[at + 1]), DeviceMath.Max(shared[at + 2], shared[at + 3]));
}
