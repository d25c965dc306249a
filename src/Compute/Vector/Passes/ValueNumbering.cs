using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Passes;

/// <summary>Common subexpressions: of equal pure operations, the one that dominates serves for all. Loads are shared within a block until memory changes.</summary>
internal static class ValueNumbering
{
    private readonly record struct Key(Opcode Op, ScalarType Type, long Immediate, Value? First, Value? Second, Value? Third);

    /// <summary>Runs over a numbered function.</summary>
    public static void Run(Function function)
    {
        var dominators = DominatorTree.Of(function);
        var children = function.Blocks.ToLookup(dominators.Parent);
        var known = new Dictionary<Key, Value>();
        var replacements = new Dictionary<Value, Value>();

        Value Resolve(Value value)
        {
            while (replacements.TryGetValue(value, out var next)) value = next;
            return value;
        }

        void Visit(Block block)
        {
            var added = new List<Key>();
            var loads = new Dictionary<Key, Value>();
            foreach (var value in block.Instructions)
            {
                for (int index = 0; index < value.Operands.Length; index++) value.Operands[index] = Resolve(value.Operands[index]);
                if (value.HasSideEffects) loads.Clear();
                var table = value.Op == Opcode.Load ? loads : value.IsPure && value.Operands.Length <= 3 ? known : null;
                if (table is null) continue;
                var key = new Key(value.Op, value.Type, value.Immediate, Operand(value, 0), Operand(value, 1), Operand(value, 2));
                if (table.TryGetValue(key, out var same))
                {
                    replacements[value] = same;
                }
                else
                {
                    table[key] = value;
                    if (table == known) added.Add(key);
                }
            }
            foreach (var child in children[block]) Visit(child);
            foreach (var key in added) known.Remove(key);
        }

        Visit(function.Entry);
        function.Replace(replacements);
        foreach (var block in function.Blocks) block.Instructions.RemoveAll(replacements.ContainsKey);
    }

    private static Value? Operand(Value value, int index) => index < value.Operands.Length ? value.Operands[index] : null;
}
