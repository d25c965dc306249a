using Engine.Kernels;
using ILGPU;
using ILGPU.Util;

namespace Engine.Benchmarks.Variants;

/// <summary>
/// The CPU-shaped matrix product once more, under another name: statements in another order, other loops, odd tile constants, and an epilogue that
/// scales and bounds. It shows that the product is fast because of how it is written, not because something knows it.
/// </summary>
internal static class ReorderedProduct
{
    /// <summary>Steps of the reduction between two visits to the result.</summary>
    private const int Slice = 400;

    /// <summary>Distance of the rows of a strip.</summary>
    private const int StripStride = Slice + 32;

    private const int MostColumns = 192;
    private const int BlockFloats = MostColumns * Slice;
    private const int StripFloats = 16 * StripStride;
    private const int SumFloats = 16 * 2 * 16;

    /// <summary>z = min(scale x left right, ceiling).</summary>
    internal static void Plain<TShape>(ArrayView<float> left, ArrayView<float> right, ArrayView<float> z, PanelArguments sizes, float scale, float ceiling)
        where TShape : struct, IPanelTile
    {
        var strip = SharedMemory.Allocate<float>(StripFloats);
        var sums = SharedMemory.Allocate<float>(SumFloats);
        var block = SharedMemory.Allocate<float>(BlockFloats);
        Compute<TShape>(z, left, right, strip, block, sums, sizes, scale, ceiling, false, false);
    }

    /// <summary>The same with a right operand that is stored transposed.</summary>
    internal static void RightTransposed<TShape>(ArrayView<float> left, ArrayView<float> right, ArrayView<float> z, PanelArguments sizes, float scale, float ceiling)
        where TShape : struct, IPanelTile
    {
        var strip = SharedMemory.Allocate<float>(StripFloats);
        var sums = SharedMemory.Allocate<float>(SumFloats);
        var block = SharedMemory.Allocate<float>(BlockFloats);
        Compute<TShape>(z, left, right, strip, block, sums, sizes, scale, ceiling, true, false);
    }

    /// <summary>The same with a left operand that is stored transposed.</summary>
    internal static void LeftTransposed<TShape>(ArrayView<float> left, ArrayView<float> right, ArrayView<float> z, PanelArguments sizes, float scale, float ceiling)
        where TShape : struct, IPanelTile
    {
        var strip = SharedMemory.Allocate<float>(StripFloats);
        var sums = SharedMemory.Allocate<float>(SumFloats);
        var block = SharedMemory.Allocate<float>(BlockFloats);
        Compute<TShape>(z, left, right, strip, block, sums, sizes, scale, ceiling, false, true);
    }

    private static void Compute<TShape>(
        ArrayView<float> z,
        ArrayView<float> left,
        ArrayView<float> right,
        ArrayView<float> strip,
        ArrayView<float> block,
        ArrayView<float> sums,
        PanelArguments sizes,
        float scale,
        float ceiling,
        bool rightTransposed,
        bool leftTransposed)
        where TShape : struct, IPanelTile
    {
        int lanes = default(TShape).Width;
        int bottom = Grid.IdxY * sizes.RowsPerGroup;
        int top = IntrinsicMath.Min(bottom + sizes.RowsPerGroup, sizes.Rows);
        int begin = Grid.IdxX * sizes.ColumnsPerGroup;
        int end = IntrinsicMath.Min(begin + sizes.ColumnsPerGroup, sizes.Columns);
        int done = 0;
        while (done < sizes.Depth)
        {
            int steps = IntrinsicMath.Min(sizes.Depth - done, Slice);
            Group.Barrier();
            if (rightTransposed)
                FillTransposed(right, strip, block, begin, end, done, steps, sizes.Depth, lanes);
            else
                Fill(right, block, begin, end, done, steps, sizes.Columns, lanes);

            int row = bottom;
            while (row < top)
            {
                int height = default(TShape).Rows;
                if (top - row < height)
                    height = default(TShape).TailRows;
                Group.Barrier();
                if (leftTransposed)
                    FillStripFromColumns<TShape>(left, strip, row, done, steps, sizes.Rows);
                else
                    FillStrip(left, strip, row, height, top, done, steps, sizes.Depth, lanes);
                Group.Barrier();

                int at = Group.IdxX;
                for (int column = begin; column < end; column += 2 * lanes)
                {
                    if (height == default(TShape).TailRows)
                        Accumulate<TShape>(block, strip, sums, at, steps, default(TShape).TailRows, leftTransposed);
                    else
                        Accumulate<TShape>(block, strip, sums, at, steps, default(TShape).Rows, leftTransposed);
                    Write(
                        z, sums, row, IntrinsicMath.Min(height, top - row), column, end, sizes.Columns, lanes, done > 0, done + steps == sizes.Depth, scale, ceiling);
                    at += 2 * lanes * Slice;
                }

                row += height;
            }

            done += Slice;
        }
    }

    /// <summary>The inner loop: the upper half of a panel before the lower one, rows from the last to the first.</summary>
    private static void Accumulate<TShape>(
        ArrayView<float> block, ArrayView<float> strip, ArrayView<float> sums, int at, int steps, int height, bool leftTransposed)
        where TShape : struct, IPanelTile
    {
        int lanes = default(TShape).Width;
        int across = leftTransposed ? default(TShape).RowsStride : 1;
        int down = leftTransposed ? 1 : StripStride;
        var upper = new float[height];
        var lower = new float[height];
        for (int step = 0; step < steps; step++)
        {
            float second = block[at + lanes + step * (2 * lanes)];
            float first = block[at + step * (2 * lanes)];
            for (int i = 0; i < height; i++)
            {
                int r = height - 1 - i;
                float factor = strip[step * across + r * down];
                upper[r] += second * factor;
                lower[r] += first * factor;
            }
        }

        for (int i = 0; i < height; i++)
        {
            sums[Group.IdxX + (2 * i + 1) * lanes] = upper[i];
            sums[Group.IdxX + 2 * i * lanes] = lower[i];
        }
    }

    private static void Fill(ArrayView<float> right, ArrayView<float> block, int begin, int end, int done, int steps, int columns, int lanes)
    {
        int lane = Group.IdxX;
        for (int step = 0; step < steps; step++)
        {
            int from = lane + columns * (done + step);
            int to = lane + 2 * lanes * step;
            int column = begin;
            while (column + 2 * lanes <= end)
            {
                float second = right[from + lanes + column];
                float first = right[from + column];
                block[to + lanes] = second;
                block[to] = first;
                column += 2 * lanes;
                to += 2 * lanes * Slice;
            }

            if (column < end)
            {
                int line = columns * (done + step);
                block[to + lanes] = right[line + IntrinsicMath.Min(column + lanes + lane, end - 1)];
                block[to] = right[line + IntrinsicMath.Min(column + lane, end - 1)];
            }
        }
    }

    private static void FillTransposed(
        ArrayView<float> right, ArrayView<float> strip, ArrayView<float> block, int begin, int end, int done, int steps, int depth, int lanes)
    {
        int lane = Group.IdxX;
        int to = lane;
        int jump = lanes;
        for (int column = begin; column < end; column += lanes)
        {
            Group.Barrier();
            FillStrip(right, strip, column, lanes, end, done, steps, depth, lanes);
            Group.Barrier();
            for (int step = 0; step < steps; step++)
                block[2 * lanes * step + to] = strip[step + StripStride * lane];
            to += jump;
            jump = 2 * lanes * Slice - jump;
        }
    }

    private static void FillStrip(ArrayView<float> source, ArrayView<float> strip, int row, int count, int end, int done, int steps, int depth, int lanes)
    {
        int lane = Group.IdxX;
        for (int i = 0; i < count; i++)
        {
            int to = StripStride * i + lane;
            int from = IntrinsicMath.Min(end - 1, row + i) * depth + done;
            int step = 0;
            while (step + lanes <= steps)
            {
                strip[to + step] = source[from + lane + step];
                step += lanes;
            }

            if (step < steps)
                strip[to + step] = source[from + IntrinsicMath.Min(steps - 1, step + lane)];
        }
    }

    private static void FillStripFromColumns<TShape>(ArrayView<float> left, ArrayView<float> strip, int row, int done, int steps, int rows)
        where TShape : struct, IPanelTile
    {
        int stride = default(TShape).RowsStride;
        for (int offset = 0; offset < stride; offset += default(TShape).Width)
        {
            int to = Group.IdxX + offset;
            int from = done * rows + row + to;
            if (row + offset + default(TShape).Width > rows)
            {
                from += IntrinsicMath.Min(rows - 1 - (row + to), 0);
                for (int step = 0; step < steps; step++)
                    strip[to + step * stride] = left[from + step * rows];
            }
            else
            {
                for (int step = 0; step < steps; step++)
                    strip[to + step * stride] = left[from + step * rows];
            }
        }
    }

    /// <summary>The epilogue: adds earlier slices, and after the last one scales and bounds.</summary>
    private static void Write(
        ArrayView<float> z,
        ArrayView<float> sums,
        int row,
        int count,
        int column,
        int end,
        int columns,
        int lanes,
        bool adds,
        bool finishes,
        float scale,
        float ceiling)
    {
        int lane = Group.IdxX;
        float factor = finishes ? scale : 1f;
        float bound = finishes ? ceiling : float.MaxValue;
        int from = lane;
        int to = columns * row + column + lane;
        if (column + 2 * lanes > end)
        {
            for (int i = 0; i < count; i++)
            {
                for (int half = 0; half < 2 * lanes; half += lanes)
                {
                    if (lane + half + column < end)
                    {
                        float before = 0f;
                        if (adds)
                            before = z[to + half];
                        z[to + half] = Bound((before + sums[from + half]) * factor, bound);
                    }
                }

                from += 2 * lanes;
                to += columns;
            }
        }
        else if (adds)
        {
            for (int i = 0; i < count; i++)
            {
                z[to + lanes] = Bound((sums[from + lanes] + z[to + lanes]) * factor, bound);
                z[to] = Bound((sums[from] + z[to]) * factor, bound);
                from += 2 * lanes;
                to += columns;
            }
        }
        else
        {
            for (int i = 0; i < count; i++)
            {
                z[to + lanes] = Bound(sums[from + lanes] * factor, bound);
                z[to] = Bound(sums[from] * factor, bound);
                from += 2 * lanes;
                to += columns;
            }
        }
    }

    private static float Bound(float x, float ceiling) => Utilities.Select(x < ceiling, x, ceiling);
}
