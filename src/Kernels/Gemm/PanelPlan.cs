namespace Engine.Kernels;

/// <summary>
/// Cuts a CPU-shaped matrix product into groups so that all processors finish together. The cut changes who computes an element, never
/// how: it may depend on the number of processors and rows without touching the result's bits.
/// </summary>
internal sealed class PanelPlan
{
    /// <summary>Rows of a group at most.</summary>
    internal const int MaxRows = 1032;

    /// <summary>Cost of packing one vector of the right operand, in multiply-adds of vectors.</summary>
    private const long PackCost = 4;

    /// <summary>The same where the right operand is stored transposed.</summary>
    private const long TransposedPackCost = 20;

    private readonly int tileRows;
    private readonly int tailRows;
    private readonly int panelWidth;
    private readonly int processors;

    /// <summary>Makes a plan for one tile.</summary>
    /// <param name="tile">The tile's constants.</param>
    /// <param name="processors">How many groups run at once.</param>
    internal PanelPlan(IPanelTile tile, int processors)
    {
        tileRows = tile.Rows;
        tailRows = tile.TailRows;
        panelWidth = tile.Width * 2;
        this.processors = Math.Max(processors, 1);
    }

    /// <summary>Chooses the block of the result that one group computes.</summary>
    /// <param name="sizes">The product's sizes.</param>
    /// <param name="rightTransposed">Whether the right operand is stored transposed.</param>
    /// <returns>Rows (a multiple of the tile's) and columns (a multiple of a panel's width) of a group.</returns>
    internal (int Rows, int Columns) Choose(GemmSizes sizes, bool rightTransposed)
    {
        var best = (Rows: tileRows, Columns: panelWidth);
        var bestCost = long.MaxValue;
        var panels = Blocks(sizes.Columns, panelWidth);
        var tiles = Blocks(sizes.Rows, tileRows);
        var maxPanels = PanelProduct.MaxColumns / panelWidth;
        var minColumnBlocks = Blocks(panels, maxPanels);
        var minRowBlocks = Blocks(tiles, MaxRows / tileRows);

        // Finer cuts than four rounds of all processors only pack and copy more.
        var mostGroups = Math.Max((long)minColumnBlocks * minRowBlocks, 4L * processors);
        for (var columnBlocks = minColumnBlocks; columnBlocks <= panels; columnBlocks = Next(columnBlocks, panels))
        {
            var groupPanels = Blocks(panels, columnBlocks);
            for (var rowBlocks = minRowBlocks; rowBlocks <= tiles; rowBlocks = Next(rowBlocks, tiles))
            {
                var groupRows = Blocks(tiles, rowBlocks) * tileRows;
                var groups = (long)Blocks(panels, groupPanels) * Blocks(sizes.Rows, groupRows);
                if (groups > mostGroups && bestCost != long.MaxValue)
                    break;

                var cost = Cost(groups, Math.Min(groupRows, sizes.Rows), groupPanels, rightTransposed);
                if (cost < bestCost)
                {
                    bestCost = cost;
                    best = (groupRows, groupPanels * panelWidth);
                }
            }
        }

        return best;
    }

    private static int Blocks(int count, int size) => (count + size - 1) / size;

    /// <summary>The next number of blocks worth trying: the next one while there are few, then half as many again.</summary>
    private static int Next(int blocks, int most) =>
        blocks >= most ? most + 1 : Math.Min(most, blocks + Math.Max(1, blocks / 2));

    /// <summary>Time of the busiest processor for one step of the reduction, in multiply-adds of vectors.</summary>
    private long Cost(long groups, int rows, int panels, bool rightTransposed)
    {
        var whole = rows / tileRows;
        var computedRows = (long)whole * tileRows + Blocks(rows - whole * tileRows, tailRows) * tailRows;
        var copies = Blocks(rows, tileRows);
        var group = 2 * computedRows * panels + 2 * (rightTransposed ? TransposedPackCost : PackCost) * panels + copies;
        return (groups + processors - 1) / processors * group;
    }
}
