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
        var forest = Expand(function, shape);
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
        forest = LoopNormalization.Run(function);
        StridedPrefetch.Run(function, forest);
        return forest;
    }

    /// <summary>Specializes a prepared function, which it changes, for a group shape whose threads run one by one. Rounding is that of <see cref="Specialize"/>.</summary>
    /// <param name="function">A copy of the prepared function.</param>
    /// <param name="shape">The group's shape.</param>
    /// <param name="contraction">Whether multiplies and adds are fused.</param>
    public static void SpecializeForThreads(Function function, GroupShape shape, bool contraction)
    {
        try
        {
            Expand(function, shape);
        }
        catch (NotSupportedException)
        {
            // Control flow that has no loop structure stays as it is: threads on their own need none.
        }
        if (contraction) Contraction.Run(function);
        function.Renumber();
    }

    /// <summary>Specializes a prepared function, which it changes, for checks: every access to memory stays where the kernel has it.</summary>
    /// <param name="function">A copy of the prepared function.</param>
    /// <param name="shape">The group's shape.</param>
    /// <param name="contraction">Whether multiplies and adds are fused.</param>
    public static void SpecializeForChecks(Function function, GroupShape shape, bool contraction)
    {
        FixGroupShape(function, shape);
        Clean(function);
        if (contraction) Contraction.Run(function);
        function.Renumber();
        Checked.DivisionPoison.Run(function);
    }

    /// <summary>Fixes the group's shape, unrolls, and turns local arrays into values where it can; what comes after depends on how threads are run.</summary>
    private static LoopForest Expand(Function function, GroupShape shape)
    {
        FixGroupShape(function, shape);
        Clean(function);
        var forest = LoopNormalization.Run(function);
        while (LoopUnrolling.RunOnce(function, forest))
        {
            Clean(function);
            forest = LoopNormalization.Run(function);
        }
        if (!LocalArrayPromotion.Run(function)) return forest;
        Clean(function);
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
