using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Passes;

/// <summary>
/// Immediate dominators, or of the reversed graph immediate post-dominators, after Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm".
/// The function must be numbered.
/// </summary>
internal sealed class DominatorTree
{
    private readonly int[] immediate;
    private readonly int[] rank;
    private readonly List<Block> blocks;

    private DominatorTree(List<Block> blocks, List<int> order, Func<int, IEnumerable<int>> predecessors, int virtualRoot)
    {
        this.blocks = blocks;
        int count = blocks.Count + 1;
        immediate = new int[count];
        rank = new int[count];
        Array.Fill(immediate, -1);
        for (int index = 0; index < order.Count; index++) rank[order[index]] = index;
        immediate[virtualRoot] = virtualRoot;
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (int block in order)
            {
                if (block == virtualRoot) continue;
                int best = -1;
                foreach (int predecessor in predecessors(block))
                {
                    if (immediate[predecessor] < 0) continue;
                    best = best < 0 ? predecessor : Intersect(predecessor, best);
                }
                if (best < 0 || immediate[block] == best) continue;
                immediate[block] = best;
                changed = true;
            }
        }
    }

    /// <summary>Dominators: who must be passed on the way from the entry.</summary>
    public static DominatorTree Of(Function function)
    {
        int root = function.Blocks.Count;
        var order = new List<int> { root };
        order.AddRange(Enumerable.Range(0, root));
        return new DominatorTree(function.Blocks, order, block => block == 0 ? [root] : function.Blocks[block].Predecessors.Select(p => p.Id), root);
    }

    /// <summary>Post-dominators: who must be passed on the way to the end. Blocks that never end have none.</summary>
    public static DominatorTree PostOf(Function function)
    {
        int root = function.Blocks.Count;
        var visited = new bool[root];
        var postorder = new List<int>();
        void Visit(Block block)
        {
            visited[block.Id] = true;
            foreach (var predecessor in block.Predecessors)
            {
                if (!visited[predecessor.Id]) Visit(predecessor);
            }
            postorder.Add(block.Id);
        }
        foreach (var exit in function.Blocks.Where(block => block.Terminator == TerminatorKind.Return))
        {
            if (!visited[exit.Id]) Visit(exit);
        }
        postorder.Add(root);
        postorder.Reverse();
        return new DominatorTree(function.Blocks, postorder, block => function.Blocks[block].Terminator == TerminatorKind.Return
            ? [root]
            : function.Blocks[block].Successors.Select(successor => successor.Id), root);
    }

    /// <summary>The nearest strict (post-)dominator, null where there is none.</summary>
    public Block? Parent(Block block)
    {
        int parent = immediate[block.Id];
        return parent < 0 || parent >= blocks.Count ? null : blocks[parent];
    }

    /// <summary>Whether <paramref name="above"/> (post-)dominates <paramref name="below"/>; every block does itself.</summary>
    public bool Dominates(Block above, Block below)
    {
        for (Block? block = below; block is not null; block = Parent(block))
        {
            if (block == above) return true;
        }
        return false;
    }

    private int Intersect(int left, int right)
    {
        while (left != right)
        {
            while (rank[left] > rank[right]) left = immediate[left];
            while (rank[right] > rank[left]) right = immediate[right];
        }
        return left;
    }
}
