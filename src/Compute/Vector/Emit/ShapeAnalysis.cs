using Engine.Compute.Vector.IR;
using Engine.Compute.Vector.Passes;

namespace Engine.Compute.Vector.Emit;

/// <summary>
/// Which values are the same in all lanes, which advance from lane to lane by a constant, and which blocks run under a mask. Divergence comes from branches
/// whose condition varies: from there to the branch's post-dominator, its <em>region</em>, blocks run under masks, and where two of its ways meet,
/// phis vary. After Karrenberg and Hack, "Whole-Function Vectorization". Needs normalized loops.
/// </summary>
internal sealed class ShapeAnalysis
{
    /// <summary>
    /// Largest stride of 32-bit integers that are taken for indices, which do not overflow. What advances faster is some other number, a hash perhaps, and may
    /// wrap around between two lanes; so may any that is extended without a sign.
    /// </summary>
    private const long LargestIndexStride = 1 << 20;

    private readonly Function function;
    private readonly LoopForest forest;
    private readonly BlockLayout layout;
    private readonly LaneModel lanes;
    private readonly DominatorTree postDominators;
    private readonly Dictionary<Value, Shape> shapes = [];
    private readonly HashSet<Block> divergentJoins = [];
    private readonly HashSet<Loop> divergentLoops = [];
    private readonly HashSet<Block> analyzedBranches = [];
    private readonly Dictionary<Block, Region> regions = [];

    /// <summary>Analyzes a function.</summary>
    public ShapeAnalysis(Function function, LoopForest forest, BlockLayout layout, LaneModel lanes)
    {
        this.function = function;
        this.forest = forest;
        this.layout = layout;
        this.lanes = lanes;
        postDominators = DominatorTree.PostOf(function);
        for (bool changed = true; changed;)
        {
            changed = Propagate();
            changed |= AnalyzeBranches();
        }
    }

    /// <summary>Blocks that are run one after the other under masks, and the block where all lanes are together again.</summary>
    internal sealed class Region
    {
        /// <summary>The blocks that run under masks.</summary>
        public HashSet<Block> Blocks { get; } = [];

        /// <summary>The first block after the region.</summary>
        public Block End { get; set; } = null!;
    }

    /// <summary>Shape of a value.</summary>
    public Shape Of(Value value) => value.IsConstant ? Shape.Uniform : shapes.GetValueOrDefault(value);

    /// <summary>The region that a block is in; null where all lanes are active.</summary>
    public Region? RegionOf(Block block) => regions.GetValueOrDefault(block);

    /// <summary>Whether some lanes may be inactive in a block.</summary>
    public bool IsMasked(Block block) => regions.ContainsKey(block);

    /// <summary>Whether the branch that ends a block is taken by some lanes and not by others.</summary>
    public bool IsDivergentBranch(Block block) => block.Terminator == TerminatorKind.Branch && !Of(block.Condition!).IsUniform;

    private bool Propagate()
    {
        bool any = false;
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (var block in layout.Order)
            {
                foreach (var value in block.Phis.Concat(block.Instructions))
                {
                    var old = shapes.GetValueOrDefault(value);
                    var shape = old.Join(value.Op == Opcode.Phi ? PhiShape(value) : ShapeOf(value));
                    if (shape.IsStrided && shape.Stride == 0 && lanes.Vectors == 1) shape = Shape.Uniform;
                    if (shape == old) continue;
                    shapes[value] = shape;
                    changed = any = true;
                }
            }
        }
        return any;
    }

    private Shape PhiShape(Value phi)
    {
        var block = phi.Block!;
        if (divergentJoins.Contains(block) && phi.Operands.Distinct().Count() > 1) return Shape.Varying;
        for (int index = 0; index < phi.Operands.Length; index++)
        {
            // A value that leaves a loop at different times in different lanes.
            for (var loop = forest.Of(block.Predecessors[index]); loop is not null && !loop.Blocks.Contains(block); loop = loop.Parent)
            {
                if (divergentLoops.Contains(loop) && !loop.IsInvariant(phi.Operands[index])) return Shape.Varying;
            }
        }
        return phi.Operands.Aggregate(Shape.Unknown, (shape, operand) => shape.Join(Of(operand)));
    }

    private Shape ShapeOf(Value value)
    {
        var operands = value.Operands;
        switch (value.Op)
        {
            case Opcode.GroupIndex:
                return lanes.GroupIndex((int)value.Immediate);
            case Opcode.LaneIndex or Opcode.StorageLane:
                return Shape.Strided(1);
            case Opcode.Atomic or Opcode.AtomicCompareExchange or Opcode.Shuffle:
                return Shape.Varying;
            case Opcode.BroadcastWarp when Of(operands[0]).IsUniform:
                return Shape.Uniform;
            case Opcode.BroadcastWarp:
                return lanes.Vectors == 1 && Of(operands[1]).IsUniform ? Shape.Uniform : Shape.Varying;
            case Opcode.BroadcastGroup:
                return Shape.Uniform;
            case Opcode.BarrierPredicate:
                return Shape.Uniform;
        }
        if (operands.Any(operand => Of(operand).IsUnknown)) return Shape.Unknown;
        if (operands.All(operand => Of(operand).IsUniform)) return Shape.Uniform;
        if (value.Op == Opcode.Load || value.Type is not (ScalarType.I32 or ScalarType.I64)) return Shape.Varying;
        if (operands.Any(operand => Of(operand).IsVarying)) return Shape.Varying;
        return value.Op switch
        {
            Opcode.Add => Shape.Strided(Of(operands[0]).Stride + Of(operands[1]).Stride),
            Opcode.Subtract => Shape.Strided(Of(operands[0]).Stride - Of(operands[1]).Stride),
            Opcode.Multiply when operands[1].IsConstant => Shape.Strided(Of(operands[0]).Stride * operands[1].Immediate),
            Opcode.SignExtend when Math.Abs(Of(operands[0]).Stride) <= LargestIndexStride => Shape.Strided(Of(operands[0]).Stride),
            Opcode.Truncate => Shape.Strided(Of(operands[0]).Stride),
            Opcode.Select when Of(operands[0]).IsUniform && Of(operands[1]).Stride == Of(operands[2]).Stride => Shape.Strided(Of(operands[1]).Stride),
            _ when operands.All(operand => Of(operand).Stride == 0) && value.IsPure => Shape.Strided(0),
            _ => Shape.Varying,
        };
    }

    private bool AnalyzeBranches()
    {
        bool changed = false;
        foreach (var block in layout.Order)
        {
            if (!IsDivergentBranch(block) || Of(block.Condition!).IsUnknown || !analyzedBranches.Add(block)) continue;
            changed = true;
            var end = postDominators.Parent(block) ?? throw new NotSupportedException("a loop that never ends under a condition that differs between threads");
            for (var loop = forest.Of(block); loop is not null && !loop.Blocks.Contains(end); loop = loop.Parent) divergentLoops.Add(loop);
            AddRegion(block, end);
            FindJoins(block, end);
        }
        return changed;
    }

    private void AddRegion(Block branch, Block end)
    {
        var region = new Region { End = end };
        var work = new Stack<Block>(branch.Successors);
        while (work.TryPop(out var block))
        {
            if (block == end || !region.Blocks.Add(block)) continue;
            foreach (var successor in block.Successors) work.Push(successor);
        }
        // Overlapping regions are one: their blocks run in one chain, whose end is the end that lies in none of them. So are regions of which one ends
        // inside of the other: the masks there must be clear before the first of them is entered.
        if (RegionOf(branch) is { } outer) Merge(region, outer);
        while (regions.Values.FirstOrDefault(other => other != region && Touch(region, other)) is { } other)
        {
            Merge(region, other);
            foreach (var block in other.Blocks) regions[block] = region;
        }
        foreach (var block in region.Blocks) regions[block] = region;
    }

    private static bool Touch(Region first, Region second) =>
        first.Blocks.Contains(second.End) || second.Blocks.Contains(first.End) || first.Blocks.Overlaps(second.Blocks);

    private static void Merge(Region region, Region other)
    {
        region.Blocks.UnionWith(other.Blocks);
        if (region.Blocks.Contains(region.End)) region.End = other.End;
    }

    /// <summary>Blocks where two ways that start with different successors of the branch meet.</summary>
    private void FindJoins(Block branch, Block end)
    {
        var origin = new Dictionary<Block, Block>();
        foreach (var successor in branch.Successors) Reach(successor, successor);
        int first = branch.Successors.Min(layout.Position);
        int last = Math.Max(layout.Position(end), layout.Position(branch));
        for (int position = first; position <= last && position < layout.Order.Count; position++)
        {
            var block = layout.Order[position];
            if (block == end || !origin.TryGetValue(block, out var label)) continue;
            foreach (var successor in block.Successors)
            {
                if (layout.Position(successor) > position) Reach(successor, label);
            }
        }

        void Reach(Block block, Block label)
        {
            if (!origin.TryGetValue(block, out var known))
            {
                origin[block] = label;
            }
            else if (known != label)
            {
                origin[block] = block;
                divergentJoins.Add(block);
            }
        }
    }
}
