using ILGPU;
using ILGPU.Util;

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
        ArrayView<float> source, int first, int rowStride, int rows, int paddedRows, int columns, float factor, ArrayView<float> target, int targetAt)
        where TTile : struct, IAttentionPanel
    {
        int lanes = default(TTile).Lanes;
        int lane = Group.IdxX;
        int whole = columns & ~(lanes - 1);
        int padded = RoundUp(columns, lanes * 2);
        for (int row = 0; row < rows; row++)
        {
            int from = first + row * rowStride + lane;
            int to = targetAt + row * Stride + lane;
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
                target[targetAt + row * Stride + column + lane] = 0f;
        }
    }

    /// <summary>
    /// Copies rows of a matrix into shared memory as columns: columns are padded with zeros to whole vectors, rows to whole panels of two vectors.
    /// Squares of lanes x lanes are turned in registers.
    /// </summary>
    internal static void PackTransposed<TTile>(
        ArrayView<float> source, int first, int rowStride, int rows, int columns, ArrayView<float> target, int targetAt)
        where TTile : struct, IAttentionPanel
    {
        int lanes = default(TTile).Lanes;
        int lane = Group.IdxX;
        int padded = RoundUp(rows, lanes * 2);
        for (int row = 0; row < padded; row += lanes)
        {
            for (int column = 0; column < columns; column += lanes)
            {
                var square = new float[default(TTile).Lanes];
                int from = first + row * rowStride + column + lane;
                if (row + lanes <= rows && column + lanes <= columns)
                {
                    for (int i = 0; i < lanes; i++)
                        square[i] = source[from + i * rowStride];
                }
                else
                {
                    for (int i = 0; i < lanes; i++)
                    {
                        float value = 0f;
                        if (row + i < rows && column + lane < columns)
                            value = source[from + i * rowStride];
                        square[i] = value;
                    }
                }

                Transpose(square, lanes, 1);
                Transpose(square, lanes, 2);
                if (default(TTile).Lanes > 4)
                    Transpose(square, lanes, 4);
                if (default(TTile).Lanes > 8)
                    Transpose(square, lanes, 8);
                for (int i = 0; i < lanes; i++)
                    target[targetAt + (column + i) * Stride + row + lane] = square[i];
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

    /// <summary>The sum of a value over the lanes, in a fixed order; the same in every lane.</summary>
    internal static float LaneSum<TTile>(float value)
        where TTile : struct, IAttentionPanel
    {
        value += Warp.ShuffleXor(value, 1);
        value += Warp.ShuffleXor(value, 2);
        if (default(TTile).Lanes > 4)
            value += Warp.ShuffleXor(value, 4);
        if (default(TTile).Lanes > 8)
            value += Warp.ShuffleXor(value, 8);
        return value;
    }

    /// <summary>The largest value of the lanes; the same in every lane.</summary>
    internal static float LaneMax<TTile>(float value)
        where TTile : struct, IAttentionPanel
    {
        value = DeviceMath.Max(value, Warp.ShuffleXor(value, 1));
        value = DeviceMath.Max(value, Warp.ShuffleXor(value, 2));
        if (default(TTile).Lanes > 4)
            value = DeviceMath.Max(value, Warp.ShuffleXor(value, 4));
        if (default(TTile).Lanes > 8)
            value = DeviceMath.Max(value, Warp.ShuffleXor(value, 8));
        return value;
    }

    /// <summary>Rounds up to a multiple of a power of two.</summary>
    internal static int RoundUp(int value, int multiple) => (value + multiple - 1) & ~(multiple - 1);

    /// <summary>
    /// One step of turning a square: exchanges one bit of the row's number with the same bit of the lane's. Rows whose bit is clear take from their
    /// partners what lies in lanes whose bit is set, and give what lies there.
    /// </summary>
    private static void Transpose(float[] square, int lanes, int bit)
    {
        bool upper = (Group.IdxX & bit) != 0;
        for (int i = 0; i < lanes; i++)
        {
            if ((i & bit) == 0)
            {
                float low = square[i];
                float high = square[i + bit];
                square[i] = Utilities.Select(upper, Warp.ShuffleXor(high, bit), low);
                square[i + bit] = Utilities.Select(upper, high, Warp.ShuffleXor(low, bit));
            }
        }
    }
}
