using Engine.Compute.Vector.IR;

namespace Engine.Compute.Tests.Oracle.Faults;

/// <summary>Faults in what tells threads apart and in what they exchange.</summary>
internal static class ThreadFaults
{
    public static IReadOnlyList<PlantedFault> All { get; } =
    [
        new("threads have the index of their neighbours", ExchangeIndices, "ThreadNumbers"),
        new("a value that varies is taken from lane 0", TakeLaneZero, "Tail", "LoopsOfUnequalLength"),
        new("an atomic is done once a vector", AtomicsOfLaneZero, "SharedHistogram"),
        new("a shuffle goes the other way", TurnShuffles, "ShuffledUp"),
        new("a predicate over the group is that of its opposite", OppositePredicates, "GroupExchanges"),
    ];

    /// <summary>By pairs, so that indices stay inside of a group of even size.</summary>
    private static int ExchangeIndices(Function function) => function.Change(index =>
    {
        if (index.Op != Opcode.GroupIndex)
        {
            return false;
        }

        function.Wrap(index, make => make(Opcode.Xor, ScalarType.I32, [index, function.Constant(ScalarType.I32, 1L)]));
        return true;
    });

    private static int TakeLaneZero(Function function) => function.Change(load =>
    {
        if (load is not { Op: Opcode.Load, Type: ScalarType.F32 })
        {
            return false;
        }

        function.Wrap(load, make => make(Opcode.BroadcastWarp, load.Type, [load, function.Constant(ScalarType.I32, 0L)]));
        return true;
    });

    private static int AtomicsOfLaneZero(Function function) => function.Change(atomic =>
    {
        if (atomic is not { Op: Opcode.Atomic, Type: ScalarType.I32, Kind: (int)AtomicOperation.Add })
        {
            return false;
        }

        // Adding nothing in all other lanes is the same as leaving them out.
        var block = atomic.Block!;
        var lane = new Value(Opcode.LaneIndex, ScalarType.I32, []) { Block = block };
        var isFirst = new Value(Opcode.Compare, ScalarType.Bool, [lane, function.Constant(ScalarType.I32, 0L)], (long)Comparison.Equal) { Block = block };
        var added = new Value(Opcode.Select, ScalarType.I32, [isFirst, atomic.Operands[1], function.Constant(ScalarType.I32, 0L)]) { Block = block };
        block.Instructions.InsertRange(block.Instructions.IndexOf(atomic), [lane, isFirst, added]);
        atomic.Operands = [atomic.Operands[0], added];
        return true;
    });

    private static int TurnShuffles(Function function) => function.Change(shuffle =>
    {
        if (shuffle.Op != Opcode.Shuffle || (ShuffleMode)shuffle.Immediate is not (ShuffleMode.Up or ShuffleMode.Down))
        {
            return false;
        }

        shuffle.Immediate = (long)((ShuffleMode)shuffle.Immediate == ShuffleMode.Up ? ShuffleMode.Down : ShuffleMode.Up);
        return true;
    });

    private static int OppositePredicates(Function function) => function.Change(predicate =>
    {
        if (predicate.Op != Opcode.BarrierPredicate || (GroupPredicate)predicate.Immediate == GroupPredicate.PopulationCount)
        {
            return false;
        }

        predicate.Immediate = (long)((GroupPredicate)predicate.Immediate == GroupPredicate.And ? GroupPredicate.Or : GroupPredicate.And);
        return true;
    });
}
