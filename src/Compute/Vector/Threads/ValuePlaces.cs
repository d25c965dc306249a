using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Threads;

/// <summary>
/// Where a thread's values live. What is used once, right where it is computed, needs no place; what does not outlive the stretch between two meetings of a
/// block is a local of the method; all else lies in the thread's frame, where it survives while other threads run.
/// </summary>
internal sealed class ValuePlaces
{
    /// <summary>Bytes of a value in a frame.</summary>
    private const int SlotBytes = 8;

    /// <summary>Nesting of expressions without a place: the JIT walks them recursively.</summary>
    private const int MaxDepth = 12;

    /// <summary>Values that outlive their block and are locals all the same, where threads never meet: the JIT tracks about a thousand locals.</summary>
    private const int MaxMethodLocals = 400;

    private readonly Dictionary<Value, int> slots = [];
    private readonly HashSet<Value> nested = [];
    private readonly HashSet<Value> methodLocals = [];
    private readonly HashSet<Value> used = [];

    /// <summary>Plans the places of a numbered function's values.</summary>
    /// <param name="function">The function.</param>
    /// <param name="frameStart">First byte of a frame that is free for values.</param>
    public ValuePlaces(Function function, int frameStart)
    {
        var stretches = Stretches(function);
        var uses = Uses(function, stretches);
        bool meets = function.Values.Any(value => value.IsCrossThread);
        var depths = new Dictionary<Value, int>();
        End = frameStart;
        foreach (var value in function.Values)
        {
            if (!uses.TryGetValue(value, out var places)) continue;
            used.Add(value);
            if (value.Op < Opcode.Phi) continue;
            bool stays = value.Op != Opcode.Phi && places.TrueForAll(place => place == stretches[value]);
            int depth = 1 + value.Operands.Select(operand => depths.GetValueOrDefault(operand)).DefaultIfEmpty().Max();
            if (stays && places.Count == 1 && value.IsPure && depth <= MaxDepth)
            {
                nested.Add(value);
                depths[value] = depth;
            }
            else if (!stays && (meets || methodLocals.Count >= MaxMethodLocals))
            {
                slots[value] = End;
                End += SlotBytes;
            }
            else if (!stays)
            {
                methodLocals.Add(value);
            }
        }
    }

    /// <summary>First byte of a frame behind the values.</summary>
    public int End { get; }

    /// <summary>Whether anything reads the value.</summary>
    public bool IsUsed(Value value) => used.Contains(value);

    /// <summary>Whether the value is computed anew wherever it is used: once, or for next to nothing.</summary>
    public bool IsNested(Value value) => value.Op < Opcode.Phi || nested.Contains(value);

    /// <summary>Whether the value is a local of the whole method; other locals are free again at the end of their block.</summary>
    public bool IsMethodLocal(Value value) => methodLocals.Contains(value);

    /// <summary>The value's byte in the frame, or null where it is a local.</summary>
    public int? Slot(Value value) => slots.TryGetValue(value, out int slot) ? slot : null;

    /// <summary>Numbers the stretches between meetings; the result of a meeting belongs to the one after it.</summary>
    private static Dictionary<Value, int> Stretches(Function function)
    {
        var stretches = new Dictionary<Value, int>();
        int current = 0;
        foreach (var block in function.Blocks)
        {
            current++;
            foreach (var value in block.Phis.Concat(block.Instructions))
            {
                if (value.IsCrossThread) current++;
                stretches[value] = current;
            }
        }
        return stretches;
    }

    /// <summary>The stretches where each value is used; a phi's operands are used at the ends of the blocks that lead to it.</summary>
    private static Dictionary<Value, List<int>> Uses(Function function, Dictionary<Value, int> stretches)
    {
        var uses = new Dictionary<Value, List<int>>();
        var lasts = new Dictionary<Block, int>();
        int current = 0;
        foreach (var block in function.Blocks)
        {
            current = Math.Max(current + 1, block.Phis.Concat(block.Instructions).Select(value => stretches[value]).DefaultIfEmpty().Max());
            lasts[block] = current;
        }
        void Add(Value value, int stretch)
        {
            if (value.IsConstant) return;
            if (!uses.TryGetValue(value, out var list)) uses[value] = list = [];
            list.Add(stretch);
        }
        foreach (var block in function.Blocks)
        {
            foreach (var value in block.Instructions)
            {
                // The operands of a meeting are read before it.
                foreach (var operand in value.Operands) Add(operand, value.IsCrossThread ? stretches[value] - 1 : stretches[value]);
            }
            foreach (var phi in block.Phis)
            {
                for (int index = 0; index < phi.Operands.Length; index++) Add(phi.Operands[index], lasts[block.Predecessors[index]]);
            }
            if (block.Condition is not null) Add(block.Condition, lasts[block]);
        }
        return uses;
    }
}
