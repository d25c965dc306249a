using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Passes;

/// <summary>The passes, in order, that make an imported function one for a certain group shape, ready for emission.</summary>
internal static class Pipeline
{
    /// <summary>What is worth doing once, whatever the group's shape.</summary>
    public static void Prepare(Function function) => Clean(function);

    /// <summary>Specializes a prepared function, which it changes, for a group shape.</summary>
    /// <param name="function">A copy of the prepared function.</param>
    /// <param name="shape">The group's shape.</param>
    /// <param name="contraction">Whether multiplies and adds are fused.</param>
    /// <param name="lanes">Threads that share the storage of local arrays.</param>
    /// <returns>The loops of the function.</returns>
    public static LoopForest Specialize(Function function, GroupShape shape, bool contraction, int lanes)
    {
        FixGroupShape(function, shape);
        Clean(function);
        var forest = LoopNormalization.Run(function);
        while (LoopUnrolling.RunOnce(function, forest))
        {
            Clean(function);
            forest = LoopNormalization.Run(function);
        }
        if (LocalArrayPromotion.Run(function))
        {
            Clean(function);
            forest = LoopNormalization.Run(function);
        }
        Emit.LocalArrayLayout.Run(function, lanes);
        if (contraction) Contraction.Run(function);
        AddressReassociation.Run(function, forest);
        ValueNumbering.Run(function);
        DeadCode.Run(function);
        forest = LoopNormalization.Run(function);
        InvariantMotion.Run(forest);
        Simplifier.Run(function);
        ValueNumbering.Run(function);
        DeadCode.Run(function);
        return LoopNormalization.Run(function);
    }

    private static void Clean(Function function)
    {
        Simplifier.Run(function);
        ValueNumbering.Run(function);
        Simplifier.Run(function);
        DeadCode.Run(function);
    }

    private static void FixGroupShape(Function function, GroupShape shape)
    {
        int[] sizes = [shape.X, shape.Y, shape.Z];
        var replacements = new Dictionary<Value, Value>();
        foreach (var value in function.Values)
        {
            if (value.Op == Opcode.GroupDimension)
                replacements[value] = function.Constant(ScalarType.I32, (long)sizes[value.Immediate]);
            else if (value.Op == Opcode.GroupIndex && sizes[value.Immediate] == 1)
                replacements[value] = function.Constant(ScalarType.I32, 0L);
        }
        function.Replace(replacements);
        foreach (var block in function.Blocks) block.Instructions.RemoveAll(replacements.ContainsKey);
    }
}
