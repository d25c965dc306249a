using Engine.Compute.Vector.IR;
using Engine.Compute.Vector.Passes;

namespace Engine.Compute.Vector.Emit;

/// <summary>
/// Lays out the local arrays that were not promoted: element by element, the lanes of one element side by side, so that the same index in all lanes is one
/// vector access.
/// </summary>
internal static class LocalArrayLayout
{
    /// <summary>Rewrites the addresses of all accesses to local arrays.</summary>
    /// <param name="function">The function.</param>
    /// <param name="lanes">Threads that share the storage at a time.</param>
    public static void Run(Function function, int lanes)
    {
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

    /// <summary>Tells what is done with a local array's address that cannot be laid out, null where there is nothing.</summary>
    public static string? FindUnsupportedUse(Function function)
    {
        foreach (var value in function.Values.Concat(function.Blocks.Select(block => block.Condition).OfType<Value>()))
        {
            for (int index = 0; index < value.Operands.Length; index++)
            {
                if (LocalArrayPromotion.Root(value.Operands[index]) is null) continue;
                if (value.Op == Opcode.Add || (index == 0 && value.Op is Opcode.Load or Opcode.Store)) continue;
                return $"the address of a local array in the operation {value.Op.ToString().ToLowerInvariant()}";
            }
        }
        return null;
    }

    private static Value Offset(Value address, Func<Opcode, ScalarType, long, Value[], Value> emit, Value zero)
    {
        if (address.Op == Opcode.LocalArray) return zero;
        int root = LocalArrayPromotion.Root(address.Operands[0]) is not null ? 0 : 1;
        var rest = Offset(address.Operands[root], emit, zero);
        return rest == zero ? address.Operands[1 - root] : emit(Opcode.Add, ScalarType.I64, 0, [rest, address.Operands[1 - root]]);
    }
}
