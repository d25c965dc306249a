using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Passes;

/// <summary>
/// Prefetches what innermost loops load across a matrix. A load whose address moves by a distance that only the launch knows, a row of a matrix, takes a
/// new cache line, often a new page, each time around; the processor's own prefetchers follow neither, and a loop that computes much between two such
/// loads fills the reorder buffer before it has asked for enough of them. The load of a few iterations ahead is announced instead. Where the loop is a part of
/// an outer one that does much else, such as going through a block of a matrix row by row after each block was computed, the same load of the outer loop's next
/// iteration is.
/// </summary>
internal static class StridedPrefetch
{
    /// <summary>Iterations between a prefetch and its load: at a dozen cycles each the latency of the last-level cache. 16 to 32 do equally well, 48 and more less.</summary>
    private const long Distance = 16;

    private const int LogLine = 6;

    /// <summary>Runs over a normalized function, last of all passes: what it adds is not looked at again.</summary>
    /// <param name="function">The function; it is numbered anew.</param>
    /// <param name="forest">Its loops.</param>
    public static void Run(Function function, LoopForest forest)
    {
        var children = forest.Loops.ToLookup(loop => loop.Parent);
        foreach (var loop in forest.Loops.Where(loop => !children.Contains(loop) && loop.Latches.Count == 1))
        {
            // What is alone in its outer loop comes back too soon.
            Run(function, loop, loop.Parent is { Latches.Count: 1 } parent && children[parent].Count() > 1 ? parent : null);
        }
        function.Renumber();
    }

    private static void Run(Function function, Loop loop, Loop? outer)
    {
        var before = loop.Header.Predecessors.Single(block => !loop.Blocks.Contains(block));
        var counters = loop.Header.Phis.ToDictionary(phi => phi, phi => Step(phi, loop));
        var announced = new HashSet<(Value Address, long Line)>();
        foreach (var block in loop.Blocks)
        {
            var ahead = new Dictionary<Value, Value?>();
            var instructions = new List<Value>(block.Instructions.Count);
            foreach (var value in block.Instructions)
            {
                if (value.Op == Opcode.Load && outer is not null && OuterStep(value.Operands[0], loop, outer) is { } next)
                {
                    if (announced.Add((value.Operands[0], value.Immediate >> LogLine)))
                        Place(new Value(Opcode.Prefetch, ScalarType.Void, [value.Operands[0]], value.Immediate + next));
                }
                else if (value.Op == Opcode.Load && DiffersBetweenThreads(value.Operands[0]))
                {
                    var address = value.Operands[0];
                    if (!ahead.TryGetValue(address, out var target)) ahead[address] = target = Ahead(address);
                    if (target is not null && announced.Add((address, value.Immediate >> LogLine)))
                    {
                        if (target.Block is null) Place(target);
                        Place(new Value(Opcode.Prefetch, ScalarType.Void, [target], value.Immediate));
                    }
                }
                instructions.Add(value);

                void Place(Value added)
                {
                    added.Block = block;
                    instructions.Add(added);
                }
            }
            block.Instructions = instructions;
        }

        // The address that the load has some iterations later; null where it does not move in proportion, or by what is known now.
        Value? Ahead(Value address)
        {
            foreach (var (counter, step) in counters)
            {
                if (step == 0 || Factors(address, counter, loop) is not { } factors || factors.All(factor => factor.IsConstant)) continue;
                long constant = factors.Where(factor => factor.IsConstant).Aggregate(step * Distance, (product, factor) => product * factor.Immediate);
                Value distance = function.Constant(ScalarType.I64, constant);
                foreach (var factor in factors.Where(factor => !factor.IsConstant))
                {
                    var wide = factor.Type == ScalarType.I64 ? factor : before.Append(new Value(Opcode.SignExtend, ScalarType.I64, [factor]));
                    distance = before.Append(new Value(Opcode.Multiply, ScalarType.I64, [wide, distance]));
                }
                return new Value(Opcode.Add, ScalarType.I64, [address, distance]);
            }
            return null;
        }
    }

    /// <summary>
    /// How far the address moves from one iteration of the outer loop to the next, where within the inner loop it walks across a matrix; null where that is not
    /// known, or within a cache line.
    /// </summary>
    private static long? OuterStep(Value address, Loop loop, Loop outer)
    {
        long scale = 1;
        while (address.Op != Opcode.Phi)
        {
            if (loop.IsInvariant(address)) return null;
            switch (address.Op)
            {
                case Opcode.SignExtend:
                    address = address.Operands[0];
                    break;
                case Opcode.Add when loop.IsInvariant(address.Operands[0]):
                    address = address.Operands[1];
                    break;
                case Opcode.Multiply when address.Operands[1].IsConstant:
                    scale *= address.Operands[1].Immediate;
                    address = address.Operands[0];
                    break;
                default:
                    return null;
            }
        }
        if (address.Block != loop.Header) return null;
        int latch = loop.Header.Predecessors.IndexOf(loop.Latches[0]);
        var next = address.Operands[latch];
        if (next.Op != Opcode.Add || next.Operands[0] != address || next.Operands[1].IsConstant || !outer.IsInvariant(next.Operands[1])) return null;
        var first = address.Operands[1 - latch];
        if (!DiffersBetweenThreads(first)) return null;
        foreach (var counter in outer.Header.Phis)
        {
            if (Factors(first, counter, outer) is not { } factors || !factors.All(factor => factor.IsConstant)) continue;
            long distance = factors.Aggregate(scale * Step(counter, outer), (product, factor) => product * factor.Immediate);
            return Math.Abs(distance) < 1 << LogLine ? null : distance;
        }
        return null;
    }

    /// <summary>By how much a phi of the header grows each time around; 0 where that is not a constant.</summary>
    private static long Step(Value phi, Loop loop)
    {
        var next = phi.Operands[loop.Header.Predecessors.IndexOf(loop.Latches[0])];
        return next.Op == Opcode.Add && next.Operands[0] == phi && next.Operands[1].IsConstant ? next.Operands[1].Immediate : 0;
    }

    /// <summary>The factors, all invariant, by which a sum of products grows with a counter; null where it does not, or not in proportion.</summary>
    private static List<Value>? Factors(Value value, Value counter, Loop loop)
    {
        if (value == counter) return [];
        if (loop.IsInvariant(value)) return null;
        switch (value.Op)
        {
            case Opcode.SignExtend:
                return Factors(value.Operands[0], counter, loop);
            case Opcode.Add when loop.IsInvariant(value.Operands[0]):
                return Factors(value.Operands[1], counter, loop);
            case Opcode.Add when loop.IsInvariant(value.Operands[1]):
                return Factors(value.Operands[0], counter, loop);
            case Opcode.Multiply when loop.IsInvariant(value.Operands[0]):
                return Factors(value.Operands[1], counter, loop) is { } right ? [.. right, value.Operands[0]] : null;
            case Opcode.Multiply when loop.IsInvariant(value.Operands[1]):
                return Factors(value.Operands[0], counter, loop) is { } left ? [.. left, value.Operands[1]] : null;
            default:
                return null;
        }
    }

    /// <summary>Whether a thread's index is a term of the address: what all threads read alike is one element a time, and mostly in the cache.</summary>
    private static bool DiffersBetweenThreads(Value address) => address.Op switch
    {
        Opcode.GroupIndex or Opcode.LaneIndex => true,
        Opcode.Add => address.Operands.Any(DiffersBetweenThreads),
        Opcode.Multiply => address.Operands[1].IsConstant && DiffersBetweenThreads(address.Operands[0]),
        Opcode.SignExtend => DiffersBetweenThreads(address.Operands[0]),
        _ => false,
    };
}
