using Engine.Compute.Vector.IR;
using Engine.Compute.Vector.Passes;

namespace Engine.Compute.Vector.Emit;

/// <summary>
/// The order in which blocks are emitted: topological, every loop contiguous with its header first. An edge leads back exactly when its target does not
/// come later.
/// </summary>
internal sealed class BlockLayout
{
    private readonly Dictionary<Block, int> positions = [];

    /// <summary>Orders the blocks of a numbered function.</summary>
    public BlockLayout(Function function, LoopForest forest)
    {
        Place(function.Blocks, null, forest);
        for (int index = 0; index < Order.Count; index++) positions[Order[index]] = index;
    }

    /// <summary>Blocks in order.</summary>
    public List<Block> Order { get; } = [];

    /// <summary>Place of a block in the order.</summary>
    public int Position(Block block) => positions[block];

    /// <summary>Place of the last block of a loop.</summary>
    public int End(Loop loop) => loop.Blocks.Max(Position);

    private void Place(IEnumerable<Block> blocks, Loop? around, LoopForest forest)
    {
        foreach (var block in blocks)
        {
            var loop = forest.Of(block);
            if (loop == around)
            {
                Order.Add(block);
                continue;
            }
            // A block of an inner loop: the whole loop is placed when its header comes.
            var child = loop!;
            while (child.Parent != around) child = child.Parent!;
            if (child.Header == block) Place(child.Blocks.OrderBy(inner => inner.Id), child, forest);
        }
    }
}
