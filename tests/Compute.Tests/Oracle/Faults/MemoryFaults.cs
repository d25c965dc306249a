using Engine.Compute.Vector.IR;
using Engine.Compute.Vector.Passes;

namespace Engine.Compute.Tests.Oracle.Faults;

/// <summary>Faults in addresses, loads and stores.</summary>
internal static class MemoryFaults
{
    public static IReadOnlyList<PlantedFault> All { get; } =
    [
        new("addresses have the wrong stride", HalveStrides, "Tail", "Strides"),
        new("a load is taken for an earlier one across a store", ForwardAcrossStores, "LoadAfterStore"),
        new("a shared load moves before the store and the barrier ahead of it", MoveLoadsUp, "SharedReverse"),
        new("one shared array lies where another one does", AliasSharedArrays, "SharedTilesInALoop", "TwoSharedArrays"),
        new("a local array is promoted with the wrong index", ExchangeElements, "NeighbouringElements"),
        new("a store is taken for dead", RemoveStore, "Tail", "EarlyReturns"),
    ];

    /// <summary>Half the stride: whatever was in range stays there.</summary>
    private static int HalveStrides(Function function)
    {
        var scaled = function.Values.Where(value => value.Op == Opcode.Load).SelectMany(load => Terms(load.Operands[0])).ToHashSet();
        foreach (var term in scaled)
        {
            term.Operands = [term.Operands[0], function.Constant(ScalarType.I64, term.Operands[1].Immediate / 2)];
        }

        return scaled.Count;

        static IEnumerable<Value> Terms(Value address) => address.Op switch
        {
            Opcode.Add => address.Operands.SelectMany(Terms),
            Opcode.Multiply when address.Operands[1].IsInteger(4) => [address],
            _ => [],
        };
    }

    private static int ForwardAcrossStores(Function function)
    {
        var forwarded = new Dictionary<Value, Value>();
        foreach (var block in function.Blocks)
        {
            var loads = new Dictionary<(Value, long), Value>();
            foreach (var load in block.Instructions.Where(value => value.Op == Opcode.Load))
            {
                if (!loads.TryAdd((load.Operands[0], load.Immediate), load))
                {
                    forwarded[load] = loads[(load.Operands[0], load.Immediate)];
                }
            }
        }

        function.Replace(forwarded);
        return forwarded.Count;
    }

    private static int MoveLoadsUp(Function function)
    {
        var moved = 0;
        foreach (var block in function.Blocks)
        {
            var barrier = block.Instructions.FindIndex(value => value.Op == Opcode.Barrier);
            var load = barrier < 0 ? -1 : block.Instructions.FindIndex(barrier, value => value.Op == Opcode.Load);
            var store = barrier < 0 ? -1 : block.Instructions.FindLastIndex(barrier, value => value.Op == Opcode.Store);
            if (load < 0 || store < 0)
            {
                continue;
            }

            // The store goes behind the load, which is the same and leaves every operand in its place.
            block.Instructions.Insert(load + 1, block.Instructions[store]);
            block.Instructions.RemoveAt(store);
            moved++;
        }

        return moved;
    }

    private static int AliasSharedArrays(Function function) => function.Change(array =>
    {
        if (array.Op != Opcode.SharedArray || array.Immediate == 0)
        {
            return false;
        }

        array.Immediate = 0;
        return true;
    });

    /// <summary>Stores to elements of 4 bytes go to the neighbour in their pair.</summary>
    private static int ExchangeElements(Function function) => function.Change(store =>
    {
        if (store.Op != Opcode.Store || LocalArrayPromotion.Root(store.Operands[0]) is null
            || store.Operands[0] is not { Op: Opcode.Add, Operands: [{ Op: Opcode.LocalArray } array, { IsConstant: true } offset] })
        {
            return false;
        }

        var other = function.Constant(ScalarType.I64, offset.Immediate ^ 4);
        var address = new Value(Opcode.Add, ScalarType.I64, [array, other]) { Block = store.Block };
        store.Block!.Instructions.Insert(store.Block.Instructions.IndexOf(store), address);
        store.Operands = [address, store.Operands[1]];
        return true;
    });

    private static int RemoveStore(Function function)
    {
        var store = function.Values.First(value => value.Op == Opcode.Store);
        store.Block!.Instructions.Remove(store);
        return 1;
    }
}
