using ILGPU;

namespace Engine.Kernels;

/// <summary>
/// The CPU-shaped matrix product. A group is one vector of threads; it packs a block of the right operand into shared memory as panels of
/// two vectors' width, then takes tiles of rows of the left operand, read in place or copied into shared memory, through all panels. Every thread
/// keeps <c>Rows</c> x 2 accumulators in registers.
/// </summary>
/// <remarks>
/// <para>
/// The reduction is cut every <see cref="DepthCut"/>. An element of the result is the sum of its cuts in order, and a cut is one chain of
/// multiply-adds from zero: the bits of an element depend neither on the number of rows and columns nor on the tile that computes it.
/// </para>
/// <para>
/// Operands are addressed as rows x depth (left) and depth x columns (right); either may be stored transposed, which changes
/// how it is copied and nothing else.
/// </para>
/// <para>
/// What a thread reads of the panels and of the sums it wrote itself; only tiles pass between threads, and have barriers.
/// </para>
/// </remarks>
internal static class PanelProduct
{
    /// <summary>Steps of the reduction between two visits to the result. Part of what the bits of a result are; 256 is no faster.</summary>
    internal const int DepthCut = 384;

    /// <summary>
    /// Columns of the right operand that one group packs at most, a multiple of every panel width. The panels, 576 KB, are meant for the second-level
    /// cache; the left operand is read once for each such block.
    /// </summary>
    internal const int MaxColumns = 384;

    /// <summary>Shared memory of a group in bytes.</summary>
    internal const int SharedBytes = (PanelFloats + TileFloats + SumFloats) * sizeof(float);

    /// <summary>Elements of the shared memory for panels.</summary>
    internal const int PanelFloats = MaxColumns * DepthCut;

    // Rows of a tile are this far apart so that they do not fall into the same sets of the cache.
    internal const int TileStride = DepthCut + 16;

    // Tiles of a transposed left operand that are copied together, so that whole cache lines are used.
    private const int SlotCount = 4;

    /// <summary>
    /// Elements of the shared memory for tiles: all rows of <see cref="FewRowsProduct"/>, which is more than four transposed tiles of up to 16 rows,
    /// and than what a transposed right operand passes through.
    /// </summary>
    internal const int TileFloats = FewRowsProduct.MaxRows * TileStride;

    /// <summary>Elements of the shared memory for one tile's sums in one panel.</summary>
    internal const int SumFloats = 12 * 2 * 16;

    /// <summary>The whole work of a group. <paramref name="leftTransposed"/>, <paramref name="rightTransposed"/>, <paramref name="gelu"/> are constants.</summary>
    internal static void Multiply<TTile>(
        ArrayView<float> left,
        ArrayView<float> right,
        ArrayView<float> bias,
        ArrayView<float> result,
        ArrayView<float> activation,
        ArrayView<float> panels,
        ArrayView<float> tile,
        ArrayView<float> sums,
        PanelArguments arguments,
        bool leftTransposed,
        bool rightTransposed,
        int gelu)
        where TTile : struct, IPanelTile
    {
        if (!leftTransposed && !rightTransposed && arguments.FewRows != 0)
        {
            FewRowsProduct.Multiply<TTile>(left, right, bias, result, activation, panels, tile, sums, arguments, gelu);
            return;
        }

        int width = default(TTile).Width;
        int firstColumn = Grid.IdxX * arguments.ColumnsPerGroup;
        int endColumn = IntrinsicMath.Min(firstColumn + arguments.ColumnsPerGroup, arguments.Columns);
        int firstRow = Grid.IdxY * arguments.RowsPerGroup;
        int endRow = IntrinsicMath.Min(firstRow + arguments.RowsPerGroup, arguments.Rows);
        int depth = arguments.Depth;

        for (int start = 0; start < depth; start += DepthCut)
        {
            int cut = IntrinsicMath.Min(DepthCut, depth - start);
            Group.Barrier();
            if (rightTransposed)
                PackTransposed(right, panels, tile, firstColumn, endColumn, start, cut, depth, width);
            else
                Pack(right, panels, firstColumn, endColumn, start, cut, arguments.Columns, width);

            int tileRows = default(TTile).Rows;
            int copied = 0;
            int slot = 0;
            for (int row = firstRow; row < endRow; row += tileRows)
            {
                bool whole = row + default(TTile).Rows <= endRow;
                if (!whole)
                    tileRows = default(TTile).TailRows;
                int rows = IntrinsicMath.Min(tileRows, endRow - row);
                bool inPlace = whole && arguments.LeftInPlace != 0;
                if (!inPlace)
                {
                    if (copied > 0)
                    {
                        slot += DepthCut * default(TTile).RowsStride;
                    }
                    else
                    {
                        slot = 0;
                        copied = CopyTiles<TTile>(left, tile, row, endRow, tileRows, start, cut, arguments, leftTransposed);
                    }

                    copied--;
                }

                int panel = 0;
                int leftAt = leftTransposed ? start * arguments.Rows + row : row * depth + start;
                for (int column = firstColumn; column < endColumn; column += width * 2)
                {
                    int stride = default(TTile).RowsStride;
                    if (inPlace)
                        MultiplyPanel(left, leftAt, leftTransposed ? 1 : depth, leftTransposed ? arguments.Rows : 1, panels, panel, sums, cut, width, default(TTile).Rows);
                    else if (whole)
                        MultiplyPanel(tile, slot, leftTransposed ? 1 : TileStride, leftTransposed ? stride : 1, panels, panel, sums, cut, width, default(TTile).Rows);
                    else
                        MultiplyPanel(tile, slot, leftTransposed ? 1 : TileStride, leftTransposed ? stride : 1, panels, panel, sums, cut, width, default(TTile).TailRows);
                    StorePanel(sums, bias, result, row, rows, column, endColumn, start, arguments, width);
                    panel += DepthCut * width * 2;
                }

                // At once, while the tile's results are in the cache.
                if (gelu != 0 && start + cut == depth)
                    ActivateRows(result, activation, row, rows, firstColumn, endColumn, arguments, width, gelu);
            }
        }
    }

    /// <summary>Copies depth x columns of the right operand into panels [panel][depth][2 x width].</summary>
    private static void Pack(
        ArrayView<float> right,
        ArrayView<float> panels,
        int firstColumn,
        int endColumn,
        int start,
        int cut,
        int columns,
        int width)
    {
        int lane = Group.IdxX;
        int panelWidth = width * 2;
        for (int step = 0; step < cut; step++)
        {
            int source = (start + step) * columns + lane;
            int target = step * panelWidth + lane;
            int column = firstColumn;
            for (; column + panelWidth <= endColumn; column += panelWidth)
            {
                panels[target] = right[source + column];
                panels[target + width] = right[source + column + width];
                target += DepthCut * panelWidth;
            }

            if (column < endColumn)
            {
                // Threads beyond the last column repeat it: what they compute is never stored.
                int last = endColumn - 1;
                int row = (start + step) * columns;
                panels[target] = right[row + IntrinsicMath.Min(column + lane, last)];
                panels[target + width] = right[row + IntrinsicMath.Min(column + width + lane, last)];
            }
        }
    }

    /// <summary>
    /// The same from a right operand that is stored as columns x depth: as many of its rows as there are threads are copied into the tile, whose stride
    /// spreads them over the cache, and read from there across; reading across the matrix itself would fetch a line for every element.
    /// </summary>
    private static void PackTransposed(
        ArrayView<float> right,
        ArrayView<float> panels,
        ArrayView<float> tile,
        int firstColumn,
        int endColumn,
        int start,
        int cut,
        int depth,
        int width)
    {
        int lane = Group.IdxX;
        int target = lane;
        for (int column = firstColumn; column < endColumn; column += width * 2)
        {
            // Both halves of every panel: of the last one the second may lie beyond the last column, and is read all the same.
            for (int half = 0; half < 2; half++)
            {
                Group.Barrier();
                CopyRows(right, tile, column + half * width, endColumn, start, cut, depth, width, width);
                Group.Barrier();
                for (int step = 0; step < cut; step++)
                    panels[target + half * width + step * (width * 2)] = tile[lane * TileStride + step];
            }

            target += DepthCut * width * 2;
        }
    }

    /// <summary>Copies rows of a rows x depth matrix so that they are <see cref="TileStride"/> apart.</summary>
    private static void CopyRows(
        ArrayView<float> source,
        ArrayView<float> tile,
        int row,
        int endRow,
        int start,
        int cut,
        int depth,
        int count,
        int width)
    {
        int lane = Group.IdxX;
        for (int i = 0; i < count; i++)
        {
            // Rows beyond the last repeat it: what they give is never stored.
            int from = IntrinsicMath.Min(row + i, endRow - 1) * depth + start + lane;
            int to = i * TileStride + lane;
            int step = 0;
            for (; step + width <= cut; step += width)
                tile[to + step] = source[from + step];

            // The rest of the stride is free: threads beyond the cut repeat its last element there.
            if (step < cut)
                tile[to + step] = source[from - lane + IntrinsicMath.Min(step + lane, cut - 1)];
        }
    }

    /// <summary>
    /// Copies rows of the left operand as a tile: rows that are <see cref="TileStride"/> apart, or, where it is stored as depth x rows, depth x
    /// <see cref="IPanelTile.RowsStride"/>; of the latter several tiles, side by side in memory, where so many lie inside the matrix.
    /// </summary>
    /// <returns>How many tiles, each in a slot of its own.</returns>
    private static int CopyTiles<TTile>(
        ArrayView<float> left,
        ArrayView<float> tile,
        int row,
        int endRow,
        int tileRows,
        int start,
        int cut,
        PanelArguments arguments,
        bool leftTransposed)
        where TTile : struct, IPanelTile
    {
        int width = default(TTile).Width;
        int lane = Group.IdxX;
        int stride = default(TTile).RowsStride;
        int copied = 1;
        Group.Barrier();
        if (!leftTransposed)
        {
            CopyRows(left, tile, row, endRow, start, cut, arguments.Depth, tileRows, width);
        }
        else
        {
            int source = start * arguments.Rows + row;
            int target = lane;
            if (row + (SlotCount - 1) * default(TTile).Rows + stride <= endRow)
            {
                copied = SlotCount;
                for (int step = 0; step < cut; step++)
                {
                    for (int slot = 0; slot < SlotCount; slot++)
                    {
                        for (int offset = 0; offset < stride; offset += width)
                            tile[target + slot * DepthCut * stride + offset] = left[source + slot * default(TTile).Rows + offset + lane];
                    }

                    target += stride;
                    source += arguments.Rows;
                }
            }
            else
            {
                // Threads beyond the last row repeat it: what they give is never stored.
                int last = arguments.Rows - 1 - row;
                for (int step = 0; step < cut; step++)
                {
                    for (int offset = 0; offset < stride; offset += width)
                        tile[target + offset] = left[source + IntrinsicMath.Min(lane + offset, last)];
                    target += stride;
                    source += arguments.Rows;
                }
            }
        }

        Group.Barrier();
        return copied;
    }

    /// <summary>Takes one tile through one panel. <paramref name="tileRows"/> and <paramref name="width"/> are constants.</summary>
    internal static void MultiplyPanel(
        ArrayView<float> left,
        int leftAt,
        int rowStride,
        int stepStride,
        ArrayView<float> panels,
        int panel,
        ArrayView<float> sums,
        int cut,
        int width,
        int tileRows)
    {
        int lane = Group.IdxX;
        int from = panel + lane;
        var accumulators = new float[tileRows * 2];
        for (int step = 0; step < cut; step++)
        {
            float low = panels[from + step * (width * 2)];
            float high = panels[from + step * (width * 2) + width];
            for (int i = 0; i < tileRows; i++)
            {
                float value = left[leftAt + i * rowStride + step * stepStride];
                accumulators[i * 2] += value * low;
                accumulators[i * 2 + 1] += value * high;
            }
        }

        // Through shared memory, every thread its own elements: what follows needs no copy of the code for each accumulator.
        for (int i = 0; i < tileRows; i++)
        {
            sums[i * 2 * width + lane] = accumulators[i * 2];
            sums[(i * 2 + 1) * width + lane] = accumulators[i * 2 + 1];
        }
    }

    /// <summary>Adds one tile's sums for one panel to the result, or stores them with the bias.</summary>
    private static void StorePanel(
        ArrayView<float> sums,
        ArrayView<float> bias,
        ArrayView<float> result,
        int row,
        int rows,
        int column,
        int endColumn,
        int start,
        PanelArguments arguments,
        int width)
    {
        if (column + width * 2 <= endColumn)
            StoreWholePanel(sums, bias, result, row, rows, column, start, arguments, width);
        else
            StorePartOfPanel(sums, bias, result, row, rows, column, endColumn, start, arguments, width);
    }

    /// <summary>The same where all columns of the panel are inside the matrix.</summary>
    internal static void StoreWholePanel(
        ArrayView<float> sums,
        ArrayView<float> bias,
        ArrayView<float> result,
        int row,
        int rows,
        int column,
        int start,
        PanelArguments arguments,
        int width)
    {
        int lane = Group.IdxX;
        int at = row * arguments.Columns + column + lane;
        int from = lane;
        if (start > 0 || arguments.Accumulate != 0)
        {
            for (int i = 0; i < rows; i++)
            {
                result[at] += sums[from];
                result[at + width] += sums[from + width];
                at += arguments.Columns;
                from += width * 2;
            }
        }
        else
        {
            float low = 0f;
            float high = 0f;
            if (arguments.HasBias != 0)
            {
                low = bias[column + lane];
                high = bias[column + width + lane];
            }

            for (int i = 0; i < rows; i++)
            {
                result[at] = sums[from] + low;
                result[at + width] = sums[from + width] + high;
                at += arguments.Columns;
                from += width * 2;
            }
        }
    }

    /// <summary>The same where columns of the panel lie beyond the group's last one.</summary>
    private static void StorePartOfPanel(
        ArrayView<float> sums,
        ArrayView<float> bias,
        ArrayView<float> result,
        int row,
        int rows,
        int column,
        int endColumn,
        int start,
        PanelArguments arguments,
        int width)
    {
        int lane = Group.IdxX;
        int at = row * arguments.Columns + column + lane;
        int from = lane;
        bool addsToResult = start > 0 || arguments.Accumulate != 0;
        for (int i = 0; i < rows; i++)
        {
            for (int offset = 0; offset < width * 2; offset += width)
            {
                if (column + offset + lane < endColumn)
                {
                    float before = 0f;
                    if (addsToResult)
                        before = result[at + offset];
                    else if (arguments.HasBias != 0)
                        before = bias[column + offset + lane];
                    result[at + offset] = sums[from + offset] + before;
                }
            }

            at += arguments.Columns;
            from += width * 2;
        }
    }

    /// <summary>y = gelu(preactivation) in the group's columns of some rows.</summary>
    internal static void ActivateRows(
        ArrayView<float> preactivation,
        ArrayView<float> y,
        int row,
        int rows,
        int firstColumn,
        int endColumn,
        PanelArguments arguments,
        int width,
        int gelu)
    {
        for (int i = 0; i < rows; i++)
            Activate(preactivation, y, (row + i) * arguments.Columns + firstColumn, endColumn - firstColumn, width, gelu);
    }

    private static void Activate(ArrayView<float> preactivation, ArrayView<float> y, int start, int count, int width, int gelu)
    {
        int at = start + Group.IdxX;
        int end = start + count;
        int i = 0;
        for (; i + width <= count; i += width)
            y[at + i] = Gelu(preactivation[at + i], gelu);
        if (at + i < end)
            y[at + i] = Gelu(preactivation[at + i], gelu);
    }

    private static float Gelu(float x, int gelu) => gelu == 1 ? DeviceMath.GeluErf(x) : DeviceMath.GeluTanh(x);
}
