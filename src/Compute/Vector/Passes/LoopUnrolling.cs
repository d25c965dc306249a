using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Passes;

/// <summary>
/// Unrolls loops with constant trip counts completely: those that index a local array by their counter, so that the array can become values, and small
/// ones. Never one that holds a barrier. The size of the result is bounded, since the JIT gives up optimizing large methods.
/// </summary>
internal static class LoopUnrolling
{
    private const int SizeLimit = 6000;
    private const int SmallLimit = 96;
    private const int TripLimit = 512;

    /// <summary>Unrolls one innermost loop of a normalized function; false when there is none to unroll.</summary>
    public static bool RunOnce(Function function, LoopForest forest)
    {
        int size = function.Blocks.Sum(block => block.Instructions.Count);
        foreach (var loop in Enumerable.Reverse(forest.Loops))
        {
            if (loop.Blocks.Any(block => block.Instructions.Any(value => value.Op is Opcode.Barrier or Opcode.BarrierPredicate))) continue;
            if (TripCount(loop, out var counters) is not { } trips) continue;
            int body = loop.Blocks.Sum(block => block.Instructions.Count);
            bool small = body * (trips + 1) <= SmallLimit;
            bool wanted = small || IndexesLocalArray(loop, counters);
            if (!wanted || size + body * (trips + 1) > SizeLimit) continue;
            for (int copy = 0; copy <= trips; copy++) PeelOne(function, loop);
            function.Renumber();
            return true;
        }
        return false;
    }

    /// <summary>Iterations that run to their end before a condition that is known in advance leaves the loop.</summary>
    private static int? TripCount(Loop loop, out HashSet<Value> counters)
    {
        var header = loop.Header;
        var latch = loop.Latches[0];
        int entry = header.Predecessors.FindIndex(block => !loop.Blocks.Contains(block));
        var state = header.Phis.Where(phi => phi.Operands[entry].IsConstant).ToDictionary(phi => phi, phi => phi.Operands[entry].Immediate);
        counters = [.. state.Keys];
        if (state.Count == 0) return null;
        var exits = loop.Blocks
            .Where(block => block.Terminator == TerminatorKind.Branch && block.Successors.Any(successor => !loop.Blocks.Contains(successor)))
            .Where(block => IsOnEveryIteration(loop, block, latch))
            .ToList();
        if (exits.Count == 0) return null;
        var known = new Dictionary<Value, long?>();
        for (int trip = 0; trip < TripLimit; trip++)
        {
            known.Clear();
            foreach (var (phi, bits) in state) known[phi] = bits;
            bool decided = false;
            foreach (var exit in exits)
            {
                if (Evaluate(exit.Condition!, known, loop) is not { } taken) continue;
                if (!loop.Blocks.Contains(taken != 0 ? exit.Target! : exit.Otherwise!)) return trip;
                decided = true;
            }
            // Of a bound that is not constant nothing is ever known: later iterations know no more than this one.
            if (!decided) return null;
            var next = new Dictionary<Value, long>();
            foreach (var phi in state.Keys)
            {
                if (Evaluate(phi.Operands[1 - entry], known, loop) is { } bits) next[phi] = bits;
            }
            if (next.Count == 0) return null;
            counters.IntersectWith(next.Keys);
            state = next;
        }
        return null;
    }

    private static bool IsOnEveryIteration(Loop loop, Block block, Block latch)
    {
        // Whether the latch can be reached from the header without passing the block.
        if (block == loop.Header || block == latch) return true;
        var visited = new HashSet<Block> { loop.Header };
        var work = new Stack<Block>([loop.Header]);
        while (work.TryPop(out var at))
        {
            if (at == latch) return false;
            foreach (var successor in at.Successors)
            {
                if (successor != block && loop.Blocks.Contains(successor) && visited.Add(successor)) work.Push(successor);
            }
        }
        return true;
    }

    private static long? Evaluate(Value value, Dictionary<Value, long?> known, Loop loop)
    {
        if (value.IsConstant) return value.Immediate;
        if (known.TryGetValue(value, out var bits)) return bits;
        long? result = null;
        if (!loop.IsInvariant(value) && value.IsPure && value.Operands.Length is > 0 and <= 3)
        {
            Span<long> operands = stackalloc long[value.Operands.Length];
            bool complete = true;
            for (int index = 0; index < operands.Length && complete; index++)
            {
                var operand = Evaluate(value.Operands[index], known, loop);
                complete = operand is not null;
                operands[index] = operand ?? 0;
            }
            if (complete) result = ConstantFolding.Evaluate(value, operands);
        }
        known[value] = result;
        return result;
    }

    private static bool IndexesLocalArray(Loop loop, HashSet<Value> counters)
    {
        var dependent = new HashSet<Value>(counters);
        foreach (var block in loop.Blocks.OrderBy(block => block.Id))
        {
            foreach (var value in block.Instructions)
            {
                if (value.Op is Opcode.Load or Opcode.Store && dependent.Contains(value.Operands[0]) && LocalArrayPromotion.Root(value.Operands[0]) is not null)
                    return true;
                if (value.IsPure && value.Operands.Any(dependent.Contains)) dependent.Add(value);
            }
        }
        return false;
    }

    /// <summary>Puts a copy of one iteration before the loop.</summary>
    private static void PeelOne(Function function, Loop loop)
    {
        var header = loop.Header;
        var latch = loop.Latches[0];
        int entry = header.Predecessors.FindIndex(block => !loop.Blocks.Contains(block));
        var before = header.Predecessors[entry];
        var original = loop.Blocks.OrderBy(block => block.Id).ToList();
        var cloner = new BlockCloner(function);
        foreach (var phi in header.Phis) cloner.Values[phi] = phi.Operands[entry];
        var exits = loop.ExitEdges.ToList();
        foreach (var copy in cloner.Clone(original))
            function.Blocks.Add(copy);
        var headerCopy = cloner.Blocks[header];
        var latchCopy = cloner.Blocks[latch];
        latchCopy.RetargetEdge(headerCopy, header);
        before.RetargetEdge(header, headerCopy);
        headerCopy.Predecessors.Clear();
        headerCopy.Predecessors.Add(before);
        header.Predecessors[entry] = latchCopy;
        foreach (var phi in header.Phis) phi.Operands[entry] = cloner.Map(phi.Operands[1 - entry]);
        foreach (var (from, to) in exits)
        {
            // The cloner has registered the copy with the exit block; its phis want what the copy brings.
            int index = to.Predecessors.IndexOf(from);
            foreach (var phi in to.Phis) phi.Operands = [.. phi.Operands, cloner.Map(phi.Operands[index])];
        }
    }
}
