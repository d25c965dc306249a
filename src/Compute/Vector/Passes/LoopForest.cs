using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Passes;

/// <summary>A natural loop.</summary>
internal sealed class Loop(Block header)
{
    /// <summary>Its one way in.</summary>
    public Block Header { get; } = header;

    /// <summary>All its blocks, those of inner loops included.</summary>
    public HashSet<Block> Blocks { get; } = [header];

    /// <summary>Blocks that lead back to the header.</summary>
    public List<Block> Latches { get; } = [];

    /// <summary>The loop around it.</summary>
    public Loop? Parent { get; set; }

    /// <summary>1 for an outermost loop.</summary>
    public int Depth => Parent is null ? 1 : Parent.Depth + 1;

    /// <summary>Edges out of the loop.</summary>
    public IEnumerable<(Block From, Block To)> ExitEdges => Blocks
        .OrderBy(block => block.Id)
        .SelectMany(block => block.Successors.Where(successor => !Blocks.Contains(successor)).Select(successor => (block, successor)));

    /// <summary>Whether the value is computed outside of the loop.</summary>
    public bool IsInvariant(Value value) => value.Block is null || !Blocks.Contains(value.Block);
}

/// <summary>The loops of a numbered function, inner ones after outer ones.</summary>
internal sealed class LoopForest
{
    private readonly Dictionary<Block, Loop> innermost = [];

    /// <summary>Finds the loops.</summary>
    /// <exception cref="NotSupportedException">A cycle has two ways in (such code does not come from structured C#).</exception>
    public LoopForest(Function function, DominatorTree dominators)
    {
        var byHeader = new Dictionary<Block, Loop>();
        foreach (var block in function.Blocks)
        {
            foreach (var successor in block.Successors)
            {
                if (successor.Id > block.Id) continue;
                if (!dominators.Dominates(successor, block)) throw new NotSupportedException("a loop with two ways in");
                if (!byHeader.TryGetValue(successor, out var loop)) byHeader[successor] = loop = new Loop(successor);
                loop.Latches.Add(block);
                Fill(loop, block);
            }
        }
        Loops = [.. byHeader.Values.OrderBy(loop => loop.Header.Id).ThenByDescending(loop => loop.Blocks.Count)];
        foreach (var loop in Loops)
        {
            loop.Parent = innermost.GetValueOrDefault(loop.Header);
            foreach (var block in loop.Blocks) innermost[block] = loop;
        }
    }

    /// <summary>All loops, outer ones first.</summary>
    public List<Loop> Loops { get; }

    /// <summary>The innermost loop around a block.</summary>
    public Loop? Of(Block block) => innermost.GetValueOrDefault(block);

    /// <summary>How many loops are around a block.</summary>
    public int Depth(Block block) => Of(block)?.Depth ?? 0;

    private static void Fill(Loop loop, Block latch)
    {
        var work = new Stack<Block>([latch]);
        while (work.TryPop(out var block))
        {
            if (!loop.Blocks.Add(block)) continue;
            foreach (var predecessor in block.Predecessors) work.Push(predecessor);
        }
    }
}
