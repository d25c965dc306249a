using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Passes;

/// <summary>
/// Gives every loop one block before it (a preheader), one latch, exit blocks of its own, and phis in those exit blocks for every value that is used
/// outside (loop-closed SSA). Later passes rely on all four.
/// </summary>
internal static class LoopNormalization
{
    /// <summary>Runs over a function, which is numbered afterwards; returns its loops.</summary>
    public static LoopForest Run(Function function)
    {
        function.Renumber();
        while (NormalizeOne(function)) function.Renumber();
        var dominators = DominatorTree.Of(function);
        var forest = new LoopForest(function, dominators);
        foreach (var loop in Enumerable.Reverse(forest.Loops)) Close(function, loop, dominators);
        function.Renumber();
        return forest;
    }

    /// <summary>Puts a new block on the edges from <paramref name="sources"/> to <paramref name="target"/>.</summary>
    public static Block InsertBlock(Function function, List<Block> sources, Block target)
    {
        var inserted = new Block();
        foreach (var phi in target.Phis)
        {
            var incoming = sources.Select(source => phi.Operands[target.Predecessors.IndexOf(source)]).ToArray();
            var merged = incoming.Length == 1 || incoming.All(value => value == incoming[0]) ? incoming[0] : inserted.AddPhi(phi.Type, incoming);
            phi.Operands = [.. phi.Operands.Where((_, index) => !sources.Contains(target.Predecessors[index])), merged];
        }
        foreach (var source in sources)
        {
            target.Predecessors.Remove(source);
            source.RetargetEdge(target, inserted);
            inserted.Predecessors.Add(source);
        }
        inserted.JumpTo(target);
        function.Blocks.Add(inserted);
        return inserted;
    }

    private static bool NormalizeOne(Function function)
    {
        var forest = new LoopForest(function, DominatorTree.Of(function));
        foreach (var loop in forest.Loops)
        {
            var outside = loop.Header.Predecessors.Where(block => !loop.Blocks.Contains(block)).ToList();
            if (outside.Count != 1 || outside[0].Terminator != TerminatorKind.Jump)
            {
                InsertBlock(function, outside, loop.Header);
                return true;
            }
            if (loop.Latches.Count > 1)
            {
                InsertBlock(function, loop.Latches, loop.Header);
                return true;
            }
            foreach (var exit in loop.ExitEdges.Select(edge => edge.To).Distinct())
            {
                var inside = exit.Predecessors.Where(loop.Blocks.Contains).ToList();
                if (inside.Count == exit.Predecessors.Count) continue;
                InsertBlock(function, inside, exit);
                return true;
            }
        }
        return false;
    }

    private static void Close(Function function, Loop loop, DominatorTree dominators)
    {
        CopyLocalAddresses(function, loop);
        var exits = loop.ExitEdges.Select(edge => edge.To).Distinct().ToList();
        var uses = new Dictionary<Value, List<(Value? User, int Operand, Block Place)>>();
        void Note(Value operand, Value? user, int index, Block place)
        {
            if (operand.Block is null || !loop.Blocks.Contains(operand.Block) || loop.Blocks.Contains(place)) return;
            if (!uses.TryGetValue(operand, out var list)) uses[operand] = list = [];
            list.Add((user, index, place));
        }
        foreach (var block in function.Blocks)
        {
            foreach (var phi in block.Phis)
            {
                for (int index = 0; index < phi.Operands.Length; index++) Note(phi.Operands[index], phi, index, block.Predecessors[index]);
            }
            if (loop.Blocks.Contains(block)) continue;
            foreach (var value in block.Instructions)
            {
                for (int index = 0; index < value.Operands.Length; index++) Note(value.Operands[index], value, index, block);
            }
            if (block.Condition is not null) Note(block.Condition, null, 0, block);
        }
        var added = new List<Value>();
        foreach (var (value, places) in uses)
        {
            var repair = new SsaRepair(value.Type, () => function.Constant(value.Type, 0L));
            var exitPhis = new Dictionary<Block, Value>();
            foreach (var exit in exits.Where(exit => dominators.Dominates(value.Block!, exit)))
            {
                var phi = exit.AddPhi(value.Type, [.. exit.Predecessors.Select(_ => value)]);
                exitPhis[exit] = phi;
                repair.Define(exit, phi);
            }
            foreach (var (user, operand, place) in places)
            {
                var replacement = user?.Op == Opcode.Phi ? repair.ReadAtEnd(place) : exitPhis.TryGetValue(place, out var phi) ? phi : repair.ReadAtStart(place);
                if (user is null) place.Condition = replacement;
                else user.Operands[operand] = replacement;
            }
            added.AddRange(repair.Phis);
        }
        RemoveTrivial(function, added);
    }

    /// <summary>
    /// Computes addresses in local arrays anew where they are used outside of the loop: such an address must be a sum that starts with its array, so a phi
    /// cannot carry it out; its offset gets the phi instead.
    /// </summary>
    private static void CopyLocalAddresses(Function function, Loop loop)
    {
        foreach (var block in function.Blocks)
        {
            if (loop.Blocks.Contains(block)) continue;
            for (int position = 0; position < block.Instructions.Count; position++)
            {
                var user = block.Instructions[position];
                for (int index = 0; index < user.Operands.Length; index++)
                {
                    var address = user.Operands[index];
                    if (loop.IsInvariant(address) || LocalArrayPromotion.Root(address) is null) continue;
                    user.Operands[index] = Copy(address);
                }

                Value Copy(Value address)
                {
                    if (loop.IsInvariant(address) || LocalArrayPromotion.Root(address) is null) return address;
                    var copy = new Value(address.Op, address.Type, [.. address.Operands.Select(Copy)], address.Immediate) { Block = block };
                    block.Instructions.Insert(position++, copy);
                    return copy;
                }
            }
        }
    }

    /// <summary>
    /// Removes phis that merge one value with themselves. A value that passes by a later loop gets one in its header, and the uses beyond would read it
    /// from there: out of a loop that is closed already.
    /// </summary>
    private static void RemoveTrivial(Function function, List<Value> phis)
    {
        var replacements = new Dictionary<Value, Value>();
        Value Resolve(Value value)
        {
            while (replacements.TryGetValue(value, out var next)) value = next;
            return value;
        }
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (var phi in phis)
            {
                if (replacements.ContainsKey(phi)) continue;
                var others = phi.Operands.Select(Resolve).Where(operand => operand != phi).Distinct().ToList();
                if (others.Count != 1) continue;
                replacements[phi] = others[0];
                changed = true;
            }
        }
        function.Replace(replacements);
        foreach (var phi in replacements.Keys) phi.Block!.Phis.Remove(phi);
    }
}
