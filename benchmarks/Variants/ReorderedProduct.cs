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

    /// <summary>Columns of a group at most.</summary>
    internal const int MostColumns = 384;

    private const int BlockFloats = MostColumns * Slice;

    /// <summary>Strips of a transposed left operand that are copied together.</summary>
    private const int Strips = 4;

    private const int StripFloats = Strips * Slice * 16;
    private const int SumFloats = 16 * 2 * 16;

    /// <summary>Distance of the rows of a strip.</summary>
    private const int StripStride = Slice + 32;

    /// <summary>z = min(scale x left right, ceiling).</summary>
    internal static void Plain<TShape>(ArrayView<float> left, ArrayView<float> right, ArrayView<float> z, ReorderedSizes sizes, float scale, float ceiling)
        where TShape : struct, IPanelTile
    {
        var strip = SharedMemory.Allocate<float>(StripFloats);
        var sums = SharedMemory.Allocate<float>(SumFloats);
        var block = SharedMemory.Allocate<float>(BlockFloats);
        Compute<TShape>(z, left, right, strip, block, sums, sizes, scale, ceiling, false, false);
    }

    /// <summary>The same with a right operand that is stored transposed.</summary>
    internal static void RightTransposed<TShape>(ArrayView<float> left, ArrayView<float> right, ArrayView<float> z, ReorderedSizes sizes, float scale, float ceiling)
        where TShape : struct, IPanelTile
    {
        var strip = SharedMemory.Allocate<float>(StripFloats);
        var sums = SharedMemory.Allocate<float>(SumFloats);
        var block = SharedMemory.Allocate<float>(BlockFloats);
        Compute<TShape>(z, left, right, strip, block, sums, sizes, scale, ceiling, true, false);
    }

    /// <summary>The same with a left operand that is stored transposed.</summary>
    internal static void LeftTransposed<TShape>(ArrayView<float> left, ArrayView<float> right, ArrayView<float> z, ReorderedSizes sizes, float scale, float ceiling)
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
        ReorderedSizes sizes,
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
            int ready = 0;
            int strip0 = 0;
            while (row < top)
            {
                bool partial = top - row < default(TShape).Rows;
                int height = default(TShape).Rows;
                if (partial)
                    height = default(TShape).TailRows;
                bool direct = !partial && sizes.LeftInPlace != 0;
                if (!direct)
                {
                    strip0 += Slice * default(TShape).RowsStride;
                    if (ready == 0)
                    {
                        strip0 = 0;
                        Group.Barrier();
                        if (leftTransposed)
                            ready = FillStripsFromColumns<TShape>(left, strip, row, top, done, steps, sizes.Rows);
                        else
                            ready = FillStrip(left, strip, row, height, top, done, steps, sizes.Depth, lanes);
                        Group.Barrier();
                    }

                    ready--;
                }

                int at = Group.IdxX;
                int across = leftTransposed ? default(TShape).RowsStride : 1;
                int down = leftTransposed ? 1 : StripStride;
                int directAcross = leftTransposed ? sizes.Rows : 1;
                int directDown = leftTransposed ? 1 : sizes.Depth;
                int directAt = row * directDown + done * directAcross;
                for (int column = begin; column < end; column += 2 * lanes)
                {
                    if (partial)
                        Accumulate(block, strip, sums, at, strip0, across, down, steps, lanes, default(TShape).TailRows);
                    else if (direct)
                        Accumulate(block, left, sums, at, directAt, directAcross, directDown, steps, lanes, default(TShape).Rows);
                    else
                        Accumulate(block, strip, sums, at, strip0, across, down, steps, lanes, default(TShape).Rows);
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
    private static void Accumulate(
        ArrayView<float> block, ArrayView<float> left, ArrayView<float> sums, int at, int leftAt, int across, int down, int steps, int lanes, int height)
    {
        var upper = new float[height];
        var lower = new float[height];
        for (int step = 0; step < steps; step++)
        {
            float second = block[at + lanes + step * (2 * lanes)];
            float first = block[at + step * (2 * lanes)];
            for (int i = 0; i < height; i++)
            {
                int r = height - 1 - i;
                float factor = left[step * across + r * down + leftAt];
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

    /// <summary>Copies rows as one strip.</summary>
    private static int FillStrip(ArrayView<float> source, ArrayView<float> strip, int row, int count, int end, int done, int steps, int depth, int lanes)
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

        return 1;
    }

    /// <summary>Copies a left operand that is stored transposed, as several strips where so many lie inside the matrix.</summary>
    private static int FillStripsFromColumns<TShape>(ArrayView<float> left, ArrayView<float> strip, int row, int top, int done, int steps, int rows)
        where TShape : struct, IPanelTile
    {
        int lane = Group.IdxX;
        int lanes = default(TShape).Width;
        int stride = default(TShape).RowsStride;
        int to = lane;
        int from = row + done * rows;
        if (row + stride + (Strips - 1) * default(TShape).Rows > top)
        {
            int last = rows - row - 1;
            for (int step = 0; step < steps; step++)
            {
                for (int offset = 0; offset < stride; offset += lanes)
                    strip[offset + to] = left[from + IntrinsicMath.Min(last, offset + lane)];
                from += rows;
                to += stride;
            }

            return 1;
        }

        for (int step = 0; step < steps; step++)
        {
            for (int i = 0; i < Strips; i++)
            {
                for (int offset = 0; offset < stride; offset += lanes)
                    strip[offset + Slice * stride * i + to] = left[lane + offset + default(TShape).Rows * i + from];
            }

            from += rows;
            to += stride;
        }

        return Strips;
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

/// <summary>The sizes of a product.</summary>
/// <param name="Columns">Columns of the result.</param>
/// <param name="Rows">Rows of the result.</param>
/// <param name="Depth">Length of the reduction.</param>
/// <param name="ColumnsPerGroup">Columns that a group works on.</param>
/// <param name="RowsPerGroup">Rows that a group works on.</param>
/// <param name="LeftInPlace">Not 0: whole tiles of the left operand are read where they are.</param>
internal readonly record struct ReorderedSizes(int Columns, int Rows, int Depth, int ColumnsPerGroup, int RowsPerGroup, int LeftInPlace);
