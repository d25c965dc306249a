using Engine.Compute.Vector.IR;
using Engine.Compute.Vector.Passes;

namespace Engine.Compute.Tests.Oracle.Faults;

/// <summary>Faults in masks, merges and loops.</summary>
internal static class ControlFlowFaults
{
    public static IReadOnlyList<PlantedFault> All { get; } =
    [
        new("a branch's mask is flipped", FlipBranches, "NestedBranches", "EarlyReturns"),
        new("a loop's phi is lost", LosePhis, "LoopsOfUnequalLength", "UnrolledLoopWithBranches"),
        new("a merge takes the value of another edge", RotateMerges, "NestedBranches", "ChosenConstants"),
        new("a store's mask is dropped", DropMasks, "Tail", "StoreUnderCondition"),
        new("the mask of a loop's exit is not applied", StayInLoops, "BreakAndContinue"),
        new("a loop is unrolled one trip too few", ShortenLoops, "UnrolledLoopWithBranches", "PromotedLocalArray"),
        new("the arms of a selection are swapped", SwapSelections, "FloatOperations"),
    ];

    private static LoopForest Loops(Function function) => new(function, DominatorTree.Of(function));

    private static int FlipBranches(Function function)
    {
        var forest = Loops(function);
        var inside = function.Blocks.Where(block => block.Terminator == TerminatorKind.Branch && forest.Of(block) is null).ToList();
        foreach (var block in inside)
        {
            var (target, otherwise, between) = (block.Target!, block.Otherwise!, new Block());
            block.RetargetEdge(target, between);
            block.RetargetEdge(otherwise, target);
            block.RetargetEdge(between, otherwise);
        }

        return inside.Count;
    }

    private static int LosePhis(Function function)
    {
        var deciding = function.Deciding();
        var forest = Loops(function);
        return function.Change(phi =>
        {
            if (phi.Op != Opcode.Phi || deciding.Contains(phi) || forest.Of(phi.Block!) is not { } loop || loop.Header != phi.Block)
            {
                return false;
            }

            phi.Operands = [.. phi.Operands.Select((operand, edge) => loop.Latches.Contains(phi.Block.Predecessors[edge]) ? phi : operand)];
            return true;
        });
    }

    private static int RotateMerges(Function function)
    {
        var deciding = function.Deciding();
        var dominators = DominatorTree.Of(function);
        var forest = Loops(function);
        return function.Change(phi =>
        {
            if (phi.Op != Opcode.Phi || deciding.Contains(phi) || phi.Operands.Distinct().Count() < 2 || forest.Of(phi.Block!)?.Header == phi.Block)
            {
                return false;
            }

            // Some operands are known on every edge; the first of them is taken everywhere.
            var known = phi.Operands.FirstOrDefault(operand => operand.Block is null || phi.Block!.Predecessors.All(edge => dominators.Dominates(operand.Block, edge)));
            if (known is null)
            {
                return false;
            }

            phi.Operands = [.. phi.Operands.Select(_ => known)];
            return true;
        });
    }

    private static int DropMasks(Function function) => function.Change(store =>
    {
        var block = store.Block!;
        if (store.Op != Opcode.Store || block.Predecessors is not [{ Terminator: TerminatorKind.Branch } before])
        {
            return false;
        }

        // The store, and what stands before it, is done by all that come to the branch.
        var count = block.Instructions.IndexOf(store) + 1;
        foreach (var value in block.Instructions[..count])
        {
            before.Append(value);
        }

        block.Instructions.RemoveRange(0, count);
        return true;
    });

    private static int StayInLoops(Function function)
    {
        var forest = Loops(function);
        var breaks = forest.Loops.SelectMany(loop => loop.ExitEdges.Where(edge => edge.From != loop.Header).Select(edge => edge.From)).Distinct().ToList();
        foreach (var block in breaks)
        {
            var loop = forest.Of(block)!;
            block.FoldBranch(loop.Blocks.Contains(block.Target!) ? block.Target! : block.Otherwise!);
        }

        function.Renumber();
        return breaks.Count;
    }

    private static int ShortenLoops(Function function)
    {
        var forest = Loops(function);
        return forest.Loops.Count(loop =>
        {
            if (loop.Header.Condition is not { Op: Opcode.Compare } condition || condition.Operands[0].Op != Opcode.Phi || !condition.Operands[1].IsConstant)
            {
                return false;
            }

            condition.Operands = [condition.Operands[0], function.Constant(condition.Operands[1].Type, condition.Operands[1].Immediate - 1)];
            return true;
        });
    }

    private static int SwapSelections(Function function) => function.Change(select =>
    {
        if (select.Op != Opcode.Select)
        {
            return false;
        }

        select.Operands = [select.Operands[0], select.Operands[2], select.Operands[1]];
        return true;
    });
}
