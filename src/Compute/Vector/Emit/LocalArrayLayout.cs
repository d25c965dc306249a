using Engine.Compute.Vector.IR;
using Engine.Compute.Vector.Passes;

namespace Engine.Compute.Vector.Emit;

/// <summary>
/// Lays out the local arrays that were not promoted: element by element, the lanes of one element side by side, so that the same index in all lanes is one
/// vector access. An array whose address is more than the base of plain accesses lies thread by thread instead.
/// </summary>
internal static class LocalArrayLayout
{
    /// <summary>Rewrites the addresses of all accesses to local arrays.</summary>
    /// <param name="function">The function.</param>
    /// <param name="lanes">Threads that share the storage at a time.</param>
    public static void Run(Function function, int lanes)
    {
        LayOutByThread(function, FindOpaque(function));
        foreach (var block in function.Blocks)
        {
            var rewritten = new List<Value>(block.Instructions.Count);
            foreach (var access in block.Instructions)
            {
                if (access.Op is Opcode.Load or Opcode.Store && LocalArrayPromotion.Root(access.Operands[0]) is { } array)
                {
                    Value Emit(Opcode op, ScalarType type, long immediate, params Value[] operands)
                    {
                        var value = new Value(op, type, operands, immediate) { Block = block };
                        rewritten.Add(value);
                        return value;
                    }
                    Value Number(long number) => function.Constant(ScalarType.I64, number);
                    int size = (access.Op == Opcode.Load ? access.Type : access.Operands[1].Type).SizeInMemory();
                    var lane = Emit(Opcode.SignExtend, ScalarType.I64, 0, Emit(Opcode.StorageLane, ScalarType.I32, 0));
                    var offset = Emit(Opcode.Multiply, ScalarType.I64, 0, Offset(access.Operands[0], Emit, Number(0)), Number(lanes));
                    var start = Emit(Opcode.Add, ScalarType.I64, 0, Emit(Opcode.LocalStorage, ScalarType.I64, array), offset);
                    access.Operands[0] = Emit(Opcode.Add, ScalarType.I64, 0, start, Emit(Opcode.Multiply, ScalarType.I64, 0, lane, Number(size)));
                    access.Immediate *= lanes;
                }
                rewritten.Add(access);
            }
            block.Instructions = rewritten;
        }
    }

    /// <summary>Arrays whose address is used as a value, or that are seen as more than one type: neighbouring bytes of a thread must be neighbours.</summary>
    private static HashSet<long> FindOpaque(Function function)
    {
        var opaque = new HashSet<long>();
        for (int number = 0; number < function.LocalArrays.Count; number++)
        {
            if (function.LocalArrays[number].IsReinterpreted) opaque.Add(number);
        }
        foreach (var value in function.Values)
        {
            for (int index = 0; index < value.Operands.Length; index++)
            {
                if (LocalArrayPromotion.Root(value.Operands[index]) is not { } array) continue;
                bool isAddress = value.Op == Opcode.Add || (index == 0 && value.Op is Opcode.Load or Opcode.Store);
                if (!isAddress || IsSumOfTwo(value)) opaque.Add(array);
            }
        }
        return opaque;
    }

    private static bool IsSumOfTwo(Value value) =>
        value.Op == Opcode.Add && LocalArrayPromotion.Root(value.Operands[0]) is not null && LocalArrayPromotion.Root(value.Operands[1]) is not null;

    /// <summary>Gives every thread a stretch of its own for these arrays, so that their addresses are addresses like any other.</summary>
    private static void LayOutByThread(Function function, HashSet<long> arrays)
    {
        var addresses = new Dictionary<Value, Value>();
        foreach (var block in function.Blocks)
        {
            var rewritten = new List<Value>(block.Instructions.Count);
            foreach (var value in block.Instructions)
            {
                rewritten.Add(value);
                if (value.Op != Opcode.LocalArray || !arrays.Contains(value.Immediate)) continue;
                Value Emit(Opcode op, ScalarType type, long immediate, params Value[] operands)
                {
                    var made = new Value(op, type, operands, immediate) { Block = block };
                    rewritten.Add(made);
                    return made;
                }
                int bytes = function.LocalArrays[(int)value.Immediate].Bytes;
                var lane = Emit(Opcode.SignExtend, ScalarType.I64, 0, Emit(Opcode.StorageLane, ScalarType.I32, 0));
                var offset = Emit(Opcode.Multiply, ScalarType.I64, 0, lane, function.Constant(ScalarType.I64, (long)bytes));
                addresses[value] = Emit(Opcode.Add, ScalarType.I64, 0, Emit(Opcode.LocalStorage, ScalarType.I64, value.Immediate), offset);
            }
            block.Instructions = rewritten;
        }
        function.Replace(addresses);
        foreach (var block in function.Blocks) block.Instructions.RemoveAll(addresses.ContainsKey);
    }

    private static Value Offset(Value address, Func<Opcode, ScalarType, long, Value[], Value> emit, Value zero)
    {
        if (address.Op == Opcode.LocalArray) return zero;
        int root = LocalArrayPromotion.Root(address.Operands[0]) is not null ? 0 : 1;
        var rest = Offset(address.Operands[root], emit, zero);
        return rest == zero ? address.Operands[1 - root] : emit(Opcode.Add, ScalarType.I64, 0, [rest, address.Operands[1 - root]]);
    }
}
