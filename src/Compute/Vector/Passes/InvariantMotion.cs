using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Passes;

/// <summary>Moves pure operations whose operands do not change in a loop to the block before it.</summary>
internal static class InvariantMotion
{
    /// <summary>Runs over a normalized function; inner loops first, so that what leaves one may leave the next.</summary>
    public static void Run(LoopForest forest)
    {
        foreach (var loop in Enumerable.Reverse(forest.Loops))
        {
            var before = loop.Header.Predecessors.Single(block => !loop.Blocks.Contains(block));
            foreach (var block in loop.Blocks.OrderBy(block => block.Id))
            {
                var staying = new List<Value>(block.Instructions.Count);
                foreach (var value in block.Instructions)
                {
                    if (value.IsPure && value.Operands.All(loop.IsInvariant)) before.Append(value);
                    else staying.Add(value);
                }
                block.Instructions = staying;
            }
        }
    }
}
