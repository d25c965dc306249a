using ILGPU;

namespace Engine.Kernels;

/// <summary>
/// The CPU-shaped matrix product of few rows, where reading the right operand is much of the work: short texts against a layer's weights. A group is one
/// vector of threads; it keeps all its rows of the left operand in shared memory and goes through the right operand once, a panel of two vectors' width at
/// a time. The first tile is multiplied with what comes from memory, which is put into the panel in passing; the others find it in the cache.
/// </summary>
/// <remarks>
/// The reduction is cut as <see cref="PanelProduct"/> cuts it, and a cut is the same chain of multiply-adds: an element has the same bits in both.
/// </remarks>
internal static class FewRowsProduct
{
    /// <summary>Rows of a group at most, whole tiles of any size: from there on packing the right operand beforehand costs hardly more.</summary>
    internal const int MaxRows = 132;

    /// <summary>The whole work of a group: result = left x right + bias, and activation = gelu(result). <paramref name="gelu"/> is a constant.</summary>
    internal static void Multiply<TTile>(
        ArrayView<float> left,
        ArrayView<float> right,
        ArrayView<float> bias,
        ArrayView<float> result,
        ArrayView<float> activation,
        ArrayView<float> panel,
        ArrayView<float> tile,
        ArrayView<float> sums,
        PanelArguments arguments,
        int gelu)
        where TTile : struct, IPanelTile
    {
        int width = default(TTile).Width;
        int tailRows = default(TTile).TailRows;
        int firstColumn = Grid.IdxX * arguments.ColumnsPerGroup;
        int endColumn = IntrinsicMath.Min(firstColumn + arguments.ColumnsPerGroup, arguments.Columns);
        int firstRow = Grid.IdxY * arguments.RowsPerGroup;
        int endRow = IntrinsicMath.Min(firstRow + arguments.RowsPerGroup, arguments.Rows);
        int count = endRow - firstRow;
        int depth = arguments.Depth;

        for (int start = 0; start < depth; start += PanelProduct.DepthCut)
        {
            int cut = IntrinsicMath.Min(PanelProduct.DepthCut, depth - start);
            Group.Barrier();
            CopyRows(left, tile, firstRow, endRow, start, cut, depth, IntrinsicMath.Min(count + tailRows - 1, MaxRows), width);
            Group.Barrier();
            for (int column = firstColumn; column < endColumn; column += width * 2)
            {
                int tileRows = default(TTile).Rows;
                if (count >= default(TTile).Rows)
                {
                    MultiplyFirst(tile, right, start * arguments.Columns + column, arguments.Columns, panel, sums, cut, width, default(TTile).Rows);
                }
                else
                {
                    tileRows = default(TTile).TailRows;
                    MultiplyFirst(tile, right, start * arguments.Columns + column, arguments.Columns, panel, sums, cut, width, default(TTile).TailRows);
                }

                PanelProduct.StoreWholePanel(sums, bias, result, firstRow, IntrinsicMath.Min(tileRows, count), column, start, arguments, width);
                for (int row = tileRows; row < count; row += tileRows)
                {
                    if (row + default(TTile).Rows <= count)
                    {
                        PanelProduct.MultiplyPanel(tile, row * PanelProduct.TileStride, PanelProduct.TileStride, 1, panel, 0, sums, cut, width, default(TTile).Rows);
                    }
                    else
                    {
                        tileRows = default(TTile).TailRows;
                        PanelProduct.MultiplyPanel(tile, row * PanelProduct.TileStride, PanelProduct.TileStride, 1, panel, 0, sums, cut, width, default(TTile).TailRows);
                    }

                    PanelProduct.StoreWholePanel(
                        sums, bias, result, firstRow + row, IntrinsicMath.Min(tileRows, count - row), column, start, arguments, width);
                }
            }
        }

        if (gelu != 0)
            PanelProduct.ActivateRows(result, activation, firstRow, count, firstColumn, endColumn, arguments, width, gelu);
    }

    /// <summary>Copies rows of the left operand, whole vectors of it, so that they are <see cref="PanelProduct.TileStride"/> apart.</summary>
    private static void CopyRows(
        ArrayView<float> left,
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
            int to = i * PanelProduct.TileStride + lane;
            for (int step = 0; step < cut; step += width)
                tile[to + step] = left[from + step];
        }
    }

    /// <summary>Takes the first rows through one panel while it comes from memory, and packs it. <paramref name="tileRows"/> and <paramref name="width"/> are constants.</summary>
    private static void MultiplyFirst(
        ArrayView<float> tile,
        ArrayView<float> right,
        int rightAt,
        int columns,
        ArrayView<float> panel,
        ArrayView<float> sums,
        int cut,
        int width,
        int tileRows)
    {
        int lane = Group.IdxX;
        int from = rightAt + lane;
        var accumulators = new float[tileRows * 2];
        for (int step = 0; step < cut; step++)
        {
            float low = right[from + step * columns];
            float high = right[from + step * columns + width];
            panel[lane + step * (width * 2)] = low;
            panel[lane + step * (width * 2) + width] = high;
            for (int i = 0; i < tileRows; i++)
            {
                float value = tile[i * PanelProduct.TileStride + step];
                accumulators[i * 2] += value * low;
                accumulators[i * 2 + 1] += value * high;
            }
        }

        for (int i = 0; i < tileRows; i++)
        {
            sums[i * 2 * width + lane] = accumulators[i * 2];
            sums[(i * 2 + 1) * width + lane] = accumulators[i * 2 + 1];
        }
    }
}
