namespace Engine.Compute.Vector.IR;

/// <summary>Copies blocks into a function; values from outside the copied set stay as they are (constants are taken anew).</summary>
internal sealed class BlockCloner(Function target)
{
    /// <summary>From each copied value to its copy. Entries put in beforehand stand for values that are to be replaced.</summary>
    public Dictionary<Value, Value> Values { get; } = [];

    /// <summary>From each copied block to its copy.</summary>
    public Dictionary<Block, Block> Blocks { get; } = [];

    /// <summary>
    /// Copies <paramref name="blocks"/>. Edges inside the set lead to copies; edges out of it lead to the original block, whose predecessor list and
    /// phis are left to the caller. Predecessors outside the set are dropped, as are the phi operands that came from them; a phi that has an entry in
    /// <see cref="Values"/> already is not copied.
    /// </summary>
    public List<Block> Clone(IReadOnlyList<Block> blocks)
    {
        foreach (var block in blocks) Blocks[block] = new Block();
        var copied = new List<(Value Original, Value Copy)>();
        foreach (var block in blocks)
        {
            var copy = Blocks[block];
            foreach (var phi in block.Phis)
            {
                if (Values.ContainsKey(phi)) continue;
                var phiCopy = copy.AddPhi(phi.Type);
                Values[phi] = phiCopy;
                copied.Add((phi, phiCopy));
            }
            foreach (var value in block.Instructions)
            {
                var valueCopy = new Value(value.Op, value.Type, value.Operands, value.Immediate) { Kind = value.Kind, Source = value.Source };
                Values[value] = copy.Append(valueCopy);
                copied.Add((value, valueCopy));
            }
        }
        foreach (var (original, copy) in copied)
        {
            var operands = original.Op == Opcode.Phi
                ? original.Operands.Where((_, index) => Blocks.ContainsKey(original.Block!.Predecessors[index]))
                : original.Operands;
            copy.Operands = [.. operands.Select(Map)];
        }
        foreach (var block in blocks)
        {
            var copy = Blocks[block];
            if (block.Terminator == TerminatorKind.Jump)
                copy.JumpTo(MapTarget(block.Target!));
            else if (block.Terminator == TerminatorKind.Branch)
                copy.BranchTo(Map(block.Condition!), MapTarget(block.Target!), MapTarget(block.Otherwise!));
        }
        // JumpTo and BranchTo registered the copies in visiting order; phis follow the originals' order.
        foreach (var block in blocks)
        {
            var copy = Blocks[block];
            copy.Predecessors.Clear();
            copy.Predecessors.AddRange(block.Predecessors.Where(Blocks.ContainsKey).Select(predecessor => Blocks[predecessor]));
        }
        return [.. blocks.Select(block => Blocks[block])];
    }

    /// <summary>What stands for <paramref name="value"/> in the copy.</summary>
    public Value Map(Value value) =>
        value.IsConstant ? target.Constant(value.Type, value.Immediate) : Values.GetValueOrDefault(value, value);

    private Block MapTarget(Block block) => Blocks.GetValueOrDefault(block, block);
}
