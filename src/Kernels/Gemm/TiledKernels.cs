using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>
/// The GPU-shaped matrix product: a group computes a square tile of the result, step by step through slices of 16 of both operands in
/// shared memory; a thread keeps 4 x 4 accumulators under names of their own, because nothing unrolls arrays on a GPU.
/// </summary>
/// <remarks>
/// An element is one chain of multiply-adds along the whole reduction: its bits do not depend on the number of rows and columns.
/// </remarks>
internal static class TiledKernels
{
    private const int SliceDepth = 16;
    private const int SliceShift = 4;

    // One more group of four than the widest tile has: spreads a column over the banks of shared memory.
    private const int SliceStride = 64 + 4;

    /// <summary>Shared memory of a group, in bytes.</summary>
    internal const int SharedBytes = 2 * SliceDepth * SliceStride * sizeof(float);

    /// <summary>y = x w + bias.</summary>
    [Kernel(typeof(TiledTile64))]
    [Kernel(typeof(TiledTile32))]
    [Kernel(typeof(TiledTile16))]
    internal static void Forward<TTile>(
        ArrayView<float> x,
        ArrayView<float> w,
        ArrayView<float> bias,
        ArrayView<float> y,
        TiledArguments arguments)
        where TTile : struct, ITiledTile
    {
        var leftSlice = SharedMemory.Allocate<float>(SliceDepth * SliceStride);
        var rightSlice = SharedMemory.Allocate<float>(SliceDepth * SliceStride);
        Multiply<TTile>(x, w, bias, y, y, leftSlice, rightSlice, arguments, false, false, 0);
    }

    /// <summary>y = x transpose(w) + bias.</summary>
    [Kernel(typeof(TiledTile64))]
    [Kernel(typeof(TiledTile32))]
    [Kernel(typeof(TiledTile16))]
    internal static void ForwardTransposed<TTile>(
        ArrayView<float> x,
        ArrayView<float> w,
        ArrayView<float> bias,
        ArrayView<float> y,
        TiledArguments arguments)
        where TTile : struct, ITiledTile
    {
        var leftSlice = SharedMemory.Allocate<float>(SliceDepth * SliceStride);
        var rightSlice = SharedMemory.Allocate<float>(SliceDepth * SliceStride);
        Multiply<TTile>(x, w, bias, y, y, leftSlice, rightSlice, arguments, false, true, 0);
    }

    /// <summary>preactivation = x w + bias, y = gelu(preactivation), exact form.</summary>
    [Kernel(typeof(TiledTile64))]
    [Kernel(typeof(TiledTile32))]
    [Kernel(typeof(TiledTile16))]
    internal static void ForwardGeluErf<TTile>(
        ArrayView<float> x,
        ArrayView<float> w,
        ArrayView<float> bias,
        ArrayView<float> preactivation,
        ArrayView<float> y,
        TiledArguments arguments)
        where TTile : struct, ITiledTile
    {
        var leftSlice = SharedMemory.Allocate<float>(SliceDepth * SliceStride);
        var rightSlice = SharedMemory.Allocate<float>(SliceDepth * SliceStride);
        Multiply<TTile>(x, w, bias, preactivation, y, leftSlice, rightSlice, arguments, false, false, 1);
    }

    /// <summary>preactivation = x w + bias, y = gelu(preactivation), tanh form.</summary>
    [Kernel(typeof(TiledTile64))]
    [Kernel(typeof(TiledTile32))]
    [Kernel(typeof(TiledTile16))]
    internal static void ForwardGeluTanh<TTile>(
        ArrayView<float> x,
        ArrayView<float> w,
        ArrayView<float> bias,
        ArrayView<float> preactivation,
        ArrayView<float> y,
        TiledArguments arguments)
        where TTile : struct, ITiledTile
    {
        var leftSlice = SharedMemory.Allocate<float>(SliceDepth * SliceStride);
        var rightSlice = SharedMemory.Allocate<float>(SliceDepth * SliceStride);
        Multiply<TTile>(x, w, bias, preactivation, y, leftSlice, rightSlice, arguments, false, false, 2);
    }

    /// <summary>dx = dy transpose(w).</summary>
    [Kernel(typeof(TiledTile64))]
    [Kernel(typeof(TiledTile32))]
    [Kernel(typeof(TiledTile16))]
    internal static void DataGradient<TTile>(ArrayView<float> dy, ArrayView<float> w, ArrayView<float> dx, TiledArguments arguments)
        where TTile : struct, ITiledTile
    {
        var leftSlice = SharedMemory.Allocate<float>(SliceDepth * SliceStride);
        var rightSlice = SharedMemory.Allocate<float>(SliceDepth * SliceStride);
        Multiply<TTile>(dy, w, dx, dx, dx, leftSlice, rightSlice, arguments, false, true, 0);
    }

    /// <summary>dw = transpose(x) dy.</summary>
    [Kernel(typeof(TiledTile64))]
    [Kernel(typeof(TiledTile32))]
    [Kernel(typeof(TiledTile16))]
    internal static void WeightGradient<TTile>(ArrayView<float> x, ArrayView<float> dy, ArrayView<float> dw, TiledArguments arguments)
        where TTile : struct, ITiledTile
    {
        var leftSlice = SharedMemory.Allocate<float>(SliceDepth * SliceStride);
        var rightSlice = SharedMemory.Allocate<float>(SliceDepth * SliceStride);
        Multiply<TTile>(x, dy, dw, dw, dw, leftSlice, rightSlice, arguments, true, false, 0);
    }

    /// <summary>The whole work of a group. <paramref name="leftTransposed"/>, <paramref name="rightTransposed"/>, <paramref name="gelu"/> are constants.</summary>
    private static void Multiply<TTile>(
        ArrayView<float> left,
        ArrayView<float> right,
        ArrayView<float> bias,
        ArrayView<float> result,
        ArrayView<float> activation,
        ArrayView<float> leftSlice,
        ArrayView<float> rightSlice,
        TiledArguments arguments,
        bool leftTransposed,
        bool rightTransposed,
        int gelu)
        where TTile : struct, ITiledTile
    {
        int side = default(TTile).Side;
        int shift = default(TTile).SideShift;
        int firstRow = Grid.IdxY * side * 4;
        int firstColumn = Grid.IdxX * side * 4;

        // A thread owns four neighbouring rows, and four columns that are a side apart, so that loads and stores coalesce.
        int threadColumn = Group.IdxX & (side - 1);
        int threadRow = (Group.IdxX >> shift) * 4;

        float c00 = 0f, c01 = 0f, c02 = 0f, c03 = 0f;
        float c10 = 0f, c11 = 0f, c12 = 0f, c13 = 0f;
        float c20 = 0f, c21 = 0f, c22 = 0f, c23 = 0f;
        float c30 = 0f, c31 = 0f, c32 = 0f, c33 = 0f;

        for (int start = 0; start < arguments.Depth; start += SliceDepth)
        {
            Group.Barrier();
            CopySlice<TTile>(left, leftSlice, firstRow, arguments.Rows, start, arguments.Depth, leftTransposed);
            CopySlice<TTile>(right, rightSlice, firstColumn, arguments.Columns, start, arguments.Depth, !rightTransposed);
            Group.Barrier();

            for (int step = 0; step < SliceDepth; step++)
            {
                int leftAt = step * SliceStride + threadRow;
                int rightAt = step * SliceStride + threadColumn;
                float a0 = leftSlice[leftAt];
                float a1 = leftSlice[leftAt + 1];
                float a2 = leftSlice[leftAt + 2];
                float a3 = leftSlice[leftAt + 3];
                float b0 = rightSlice[rightAt];
                float b1 = rightSlice[rightAt + side];
                float b2 = rightSlice[rightAt + side * 2];
                float b3 = rightSlice[rightAt + side * 3];
                c00 += a0 * b0;
                c01 += a0 * b1;
                c02 += a0 * b2;
                c03 += a0 * b3;
                c10 += a1 * b0;
                c11 += a1 * b1;
                c12 += a1 * b2;
                c13 += a1 * b3;
                c20 += a2 * b0;
                c21 += a2 * b1;
                c22 += a2 * b2;
                c23 += a2 * b3;
                c30 += a3 * b0;
                c31 += a3 * b1;
                c32 += a3 * b2;
                c33 += a3 * b3;
            }
        }

        int row = firstRow + threadRow;
        int column = firstColumn + threadColumn;
        StoreRow(bias, result, activation, row, column, side, arguments, gelu, c00, c01, c02, c03);
        StoreRow(bias, result, activation, row + 1, column, side, arguments, gelu, c10, c11, c12, c13);
        StoreRow(bias, result, activation, row + 2, column, side, arguments, gelu, c20, c21, c22, c23);
        StoreRow(bias, result, activation, row + 3, column, side, arguments, gelu, c30, c31, c32, c33);
    }

    /// <summary>
    /// Copies 16 steps of the reduction for one tile's rows (or columns) into shared memory, as [step][row], with zeros outside of the matrix.
    /// </summary>
    /// <param name="source">The matrix: rows x depth, or depth x rows where <paramref name="depthFirst"/> holds (a constant).</param>
    /// <param name="slice">Shared memory.</param>
    /// <param name="first">First row of the tile.</param>
    /// <param name="rows">Rows of the matrix.</param>
    /// <param name="start">First step.</param>
    /// <param name="depth">Length of the reduction.</param>
    /// <param name="depthFirst">Whether neighbours in memory are neighbouring rows.</param>
    private static void CopySlice<TTile>(
        ArrayView<float> source,
        ArrayView<float> slice,
        int first,
        int rows,
        int start,
        int depth,
        bool depthFirst)
        where TTile : struct, ITiledTile
    {
        int side = default(TTile).Side;
        for (int i = 0; i < side * 4 * SliceDepth; i += side * side)
        {
            // Neighbouring threads read neighbouring elements.
            int element = i + Group.IdxX;
            int step = depthFirst ? element >> (default(TTile).SideShift + 2) : element & (SliceDepth - 1);
            int offset = depthFirst ? element & (side * 4 - 1) : element >> SliceShift;
            int row = first + offset;
            float value = 0f;
            if (row < rows && start + step < depth)
                value = source[depthFirst ? (start + step) * rows + row : row * depth + start + step];
            slice[step * SliceStride + offset] = value;
        }
    }

    private static void StoreRow(
        ArrayView<float> bias,
        ArrayView<float> result,
        ArrayView<float> activation,
        int row,
        int column,
        int side,
        TiledArguments arguments,
        int gelu,
        float c0,
        float c1,
        float c2,
        float c3)
    {
        if (row < arguments.Rows)
        {
            Store(bias, result, activation, row, column, arguments, gelu, c0);
            Store(bias, result, activation, row, column + side, arguments, gelu, c1);
            Store(bias, result, activation, row, column + side * 2, arguments, gelu, c2);
            Store(bias, result, activation, row, column + side * 3, arguments, gelu, c3);
        }
    }

    private static void Store(
        ArrayView<float> bias,
        ArrayView<float> result,
        ArrayView<float> activation,
        int row,
        int column,
        TiledArguments arguments,
        int gelu,
        float sum)
    {
        if (column < arguments.Columns)
        {
            int at = row * arguments.Columns + column;
            float before = 0f;
            if (arguments.Accumulate != 0)
                before = result[at];
            else if (arguments.HasBias != 0)
                before = bias[column];
            float value = sum + before;
            result[at] = value;
            if (gelu == 1)
                activation[at] = DeviceMath.GeluErf(value);
            else if (gelu == 2)
                activation[at] = DeviceMath.GeluTanh(value);
        }
    }
}
