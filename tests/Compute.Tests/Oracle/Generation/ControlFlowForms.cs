using Engine.Compute.Vector.Emit;
using Engine.Compute.Vector.IR;
using Engine.Compute.Vector.Passes;

namespace Engine.Compute.Tests.Oracle.Generation;

/// <summary>A form that the control flow of a kernel may have, each with an own way through the compiler.</summary>
internal enum ControlFlowForm
{
    UniformBranch,
    DivergentBranch,
    DivergentBranchUnderAMask,
    UniformBranchUnderAMask,
    JoinOfThreeWays,
    ReturnFromInside,
    UniformLoop,
    DivergentLoop,
    LoopUnderAMask,
    LoopInALoop,
    LoopsThreeDeep,
    LoopTestedAtItsEnd,
    LoopWithSeveralExits,
    ExitOfTwoLoopsAtOnce,
    UnrolledLoop,
    PromotedLocalArray,
    IndexedLocalArray,
    BarrierInABranch,
    BarrierInALoop,
    LockStep,
    OneVectorAfterTheOther,
    PartOfAVector,
    GroupOfSeveralDimensions,
}

/// <summary>Finds the forms that a kernel has.</summary>
internal static class ControlFlowForms
{
    /// <summary>Lists forms, some of them more than once.</summary>
    /// <param name="prepared">The kernel before any group shape is known.</param>
    /// <param name="function">The kernel after all passes.</param>
    /// <param name="forest">Its loops.</param>
    /// <param name="lanes">How its threads lie in vectors.</param>
    /// <param name="shapes">Which of its values and branches differ between threads.</param>
    public static IEnumerable<ControlFlowForm> Of(Function prepared, Function function, LoopForest forest, LaneModel lanes, ShapeAnalysis shapes) =>
        [.. OfGroup(lanes), .. OfPasses(prepared, function), .. function.Blocks.SelectMany(block => OfBlock(block, forest, shapes)), .. forest.Loops.SelectMany(loop => OfLoop(loop, forest, shapes))];

    private static IEnumerable<ControlFlowForm> OfGroup(LaneModel lanes)
    {
        yield return lanes.LockStep ? ControlFlowForm.LockStep : ControlFlowForm.OneVectorAfterTheOther;
        if (lanes.GroupSize % lanes.Width != 0)
        {
            yield return ControlFlowForm.PartOfAVector;
        }

        if (!lanes.IsOneDimensional)
        {
            yield return ControlFlowForm.GroupOfSeveralDimensions;
        }
    }

    private static IEnumerable<ControlFlowForm> OfPasses(Function prepared, Function function)
    {
        prepared.Renumber();
        var before = new LoopForest(prepared, DominatorTree.Of(prepared)).Loops.Count;
        if (new LoopForest(function, DominatorTree.Of(function)).Loops.Count < before)
        {
            yield return ControlFlowForm.UnrolledLoop;
        }

        var kept = function.Values.Where(value => value.Op == Opcode.LocalStorage).Select(value => value.Immediate).ToHashSet();
        foreach (var array in prepared.Values.Where(value => value.Op == Opcode.LocalArray))
        {
            yield return kept.Contains(array.Immediate) ? ControlFlowForm.IndexedLocalArray : ControlFlowForm.PromotedLocalArray;
        }
    }

    private static IEnumerable<ControlFlowForm> OfBlock(Block block, LoopForest forest, ShapeAnalysis shapes)
    {
        if (block.Terminator == TerminatorKind.Branch)
        {
            var divergent = shapes.IsDivergentBranch(block);
            yield return divergent ? ControlFlowForm.DivergentBranch : ControlFlowForm.UniformBranch;
            if (shapes.IsMasked(block))
            {
                yield return divergent ? ControlFlowForm.DivergentBranchUnderAMask : ControlFlowForm.UniformBranchUnderAMask;
            }
        }

        if (block.Predecessors.Count > 2)
        {
            yield return ControlFlowForm.JoinOfThreeWays;
        }

        if (block.Terminator == TerminatorKind.Return && block.Predecessors.Count > 1)
        {
            yield return ControlFlowForm.ReturnFromInside;
        }

        if (block.Instructions.Any(value => value.Op == Opcode.Barrier))
        {
            if (forest.Of(block) is not null)
            {
                yield return ControlFlowForm.BarrierInALoop;
            }
            else if (block.Predecessors is [{ Terminator: TerminatorKind.Branch }])
            {
                yield return ControlFlowForm.BarrierInABranch;
            }
        }
    }

    private static IEnumerable<ControlFlowForm> OfLoop(Loop loop, LoopForest forest, ShapeAnalysis shapes)
    {
        var exits = loop.ExitEdges.ToList();
        yield return exits.Any(edge => shapes.IsDivergentBranch(edge.From)) ? ControlFlowForm.DivergentLoop : ControlFlowForm.UniformLoop;
        if (shapes.IsMasked(loop.Header) && !exits.Any(edge => shapes.IsDivergentBranch(edge.From)))
        {
            yield return ControlFlowForm.LoopUnderAMask;
        }

        if (loop.Depth == 2)
        {
            yield return ControlFlowForm.LoopInALoop;
        }

        if (loop.Depth >= 3)
        {
            yield return ControlFlowForm.LoopsThreeDeep;
        }

        if (exits.Select(edge => edge.From).Distinct().Count() > 1)
        {
            yield return ControlFlowForm.LoopWithSeveralExits;
        }

        if (exits.All(edge => edge.From != loop.Header))
        {
            yield return ControlFlowForm.LoopTestedAtItsEnd;
        }

        if (loop.Parent is { } parent && exits.Any(edge => Leads(edge.To, parent)))
        {
            yield return ControlFlowForm.ExitOfTwoLoopsAtOnce;
        }

        // An exit has a block of its own, from which it may leave the outer loop too.
        bool Leads(Block exit, Loop outer) =>
            !outer.Blocks.Contains(exit) || (forest.Of(exit) == outer && exit.Terminator == TerminatorKind.Jump && exit.Instructions.Count == 0 && !outer.Blocks.Contains(exit.Target!));
    }
}
