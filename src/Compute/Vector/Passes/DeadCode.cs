using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Passes;

/// <summary>Removes what nobody uses and what only uses itself.</summary>
internal static class DeadCode
{
    /// <summary>Runs over a function.</summary>
    public static void Run(Function function)
    {
        var live = new HashSet<Value>();
        var work = new Stack<Value>();
        void Mark(Value value)
        {
            if (!value.IsConstant && live.Add(value)) work.Push(value);
        }
        foreach (var block in function.Blocks)
        {
            foreach (var value in block.Instructions.Where(value => value.HasSideEffects)) Mark(value);
            if (block.Condition is not null) Mark(block.Condition);
        }
        while (work.TryPop(out var value))
        {
            foreach (var operand in value.Operands) Mark(operand);
        }
        foreach (var block in function.Blocks)
        {
            block.Phis.RemoveAll(phi => !live.Contains(phi));
            block.Instructions.RemoveAll(value => !live.Contains(value));
        }
        function.Renumber();
    }
}
