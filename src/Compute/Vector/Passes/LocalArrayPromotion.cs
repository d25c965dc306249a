using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Passes;

/// <summary>Turns local arrays whose indices are all constants into values: every element becomes an SSA variable.</summary>
internal static class LocalArrayPromotion
{
    /// <summary>Runs over a simplified, numbered function; tells whether anything was promoted.</summary>
    public static bool Run(Function function)
    {
        var accesses = function.Values.Where(value => value.Op is Opcode.Load or Opcode.Store).ToList();
        var candidates = new Dictionary<long, List<(Value Access, long Offset)>>();
        var blocked = new HashSet<long>();
        foreach (var value in function.Values)
        {
            for (int index = 0; index < value.Operands.Length; index++)
            {
                if (Root(value.Operands[index]) is not { } root) continue;
                bool isAddress = index == 0 && value.Op is Opcode.Load or Opcode.Store;
                if (isAddress && ConstantOffset(value.Operands[0]) is { } offset)
                {
                    if (!candidates.TryGetValue(root, out var list)) candidates[root] = list = [];
                    list.Add((value, offset + value.Immediate));
                }
                else if (!(value.Op == Opcode.Add && index == 0))
                {
                    blocked.Add(root);
                }
                else if (ConstantOffset(value) is null)
                {
                    blocked.Add(root);
                }
            }
        }
        bool changed = false;
        foreach (var (array, list) in candidates)
        {
            if (blocked.Contains(array) || !IsConsistent(list)) continue;
            foreach (var element in list.GroupBy(entry => entry.Offset)) Promote(function, [.. element.Select(entry => entry.Access)]);
            changed = true;
        }
        return changed;
    }

    /// <summary>Number of the local array that an address is based on.</summary>
    public static long? Root(Value address) => address.Op switch
    {
        Opcode.LocalArray => address.Immediate,
        Opcode.Add => Root(address.Operands[0]) ?? Root(address.Operands[1]),
        _ => null,
    };

    private static long? ConstantOffset(Value address) => address.Op switch
    {
        Opcode.LocalArray => 0,
        Opcode.Add when address.Operands[1].IsConstant => ConstantOffset(address.Operands[0]) + address.Operands[1].Immediate,
        _ => null,
    };

    /// <summary>Whether every element is always accessed with one type and elements do not overlap.</summary>
    private static bool IsConsistent(List<(Value Access, long Offset)> accesses)
    {
        long end = long.MinValue;
        foreach (var element in accesses.GroupBy(entry => entry.Offset).OrderBy(element => element.Key))
        {
            var types = element.Select(entry => TypeOf(entry.Access)).Distinct().ToList();
            if (types.Count > 1 || element.Key < end) return false;
            end = element.Key + types[0].SizeInMemory();
        }
        return true;
    }

    private static ScalarType TypeOf(Value access) => access.Op == Opcode.Load ? access.Type : access.Operands[1].Type;

    private static void Promote(Function function, HashSet<Value> accesses)
    {
        var type = TypeOf(accesses.First());
        var repair = new SsaRepair(type, () => function.Constant(type, 0L));
        var replacements = new Dictionary<Value, Value>();
        var touched = accesses.Select(access => access.Block!).Distinct().ToList();
        foreach (var block in touched)
        {
            var last = block.Instructions.LastOrDefault(value => value.Op == Opcode.Store && accesses.Contains(value));
            if (last is not null) repair.Define(block, last.Operands[1]);
        }
        foreach (var block in touched)
        {
            Value? current = null;
            foreach (var value in block.Instructions.Where(accesses.Contains))
            {
                if (value.Op == Opcode.Store) current = value.Operands[1];
                else replacements[value] = current ??= repair.ReadAtStart(block);
            }
            block.Instructions.RemoveAll(accesses.Contains);
        }
        function.Replace(replacements);
    }
}
