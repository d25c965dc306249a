using Engine.Compute.Vector.IR;
using Engine.Compute.Vector.Passes;

namespace Engine.Compute.Vector.Emit;

/// <summary>Which kernels can be run as vectors of threads that keep together; all others are run thread by thread.</summary>
internal static class Vectorization
{
    /// <summary>
    /// Vector operations of a method beyond which vectors do not pay: the JIT gives up optimizing such a method, and takes seconds over it.
    /// </summary>
    private const int MaxOperations = 16_000;

    /// <summary>Whether a kernel's threads can be run as vectors.</summary>
    /// <param name="function">The kernel, specialized for its group's shape.</param>
    /// <param name="forest">Its loops.</param>
    /// <param name="shapes">Where its threads diverge.</param>
    /// <param name="lanes">How threads lie in vectors.</param>
    public static bool IsPossible(Function function, LoopForest forest, ShapeAnalysis shapes, LaneModel lanes)
    {
        if ((long)function.Values.Count() * lanes.Vectors > MaxOperations || function.Values.Any(HasUnknownWidth)) return false;
        var dominators = DominatorTree.Of(function);
        var meetings = function.Blocks.Where(block => block.Instructions.Exists(value => value.MeetsGroup)).ToList();
        return meetings.Where(shapes.IsMasked).All(block => IsLastMeetingOfItsThreads(block, meetings, forest, shapes, dominators));
    }

    /// <summary>Whether it is a shuffle in sub-warps of a width that is no constant.</summary>
    private static bool HasUnknownWidth(Value value) => value.Op == Opcode.Shuffle && value.Operands.Length > 2 && !value.Operands[2].IsConstant;

    /// <summary>
    /// Whether the threads that do not come to a barrier have no other one to meet the rest at: they have ended, as after an early return. Then the
    /// barrier is one for those that are left, and masks serve. Anything else needs threads that wait where they are.
    /// </summary>
    private static bool IsLastMeetingOfItsThreads(Block block, List<Block> meetings, LoopForest forest, ShapeAnalysis shapes, DominatorTree dominators)
    {
        var region = shapes.RegionOf(block)!;
        bool isOnAllWays = meetings.TrueForAll(other => dominators.Dominates(block, other) || dominators.Dominates(other, block));
        return isOnAllWays && region.End.Terminator == TerminatorKind.Return && !meetings.Contains(region.End)
            && (forest.Of(block) is not { } loop || !loop.Blocks.Any(inside => shapes.IsDivergentBranch(inside) && inside.Successors.Any(next => !loop.Blocks.Contains(next))));
    }
}
