namespace Engine.Compute.Vector.IR;

/// <summary>A static allocation of a kernel.</summary>
/// <param name="ElementType">Type of its elements where it is one, else bytes.</param>
/// <param name="Bytes">Size in bytes, per group (shared) or per thread (local).</param>
/// <param name="IsReinterpreted">Whether its address is cast to one of another type, so that accesses may overlap in part.</param>
internal sealed record ArrayAllocation(ScalarType ElementType, int Bytes, bool IsReinterpreted = false);

/// <summary>One kernel in SSA form: what one thread does. <see cref="FunctionPrinter"/> gives its text form.</summary>
internal sealed class Function(string name)
{
    private readonly Dictionary<(ScalarType, long), Value> constants = [];

    /// <summary>Name of the kernel.</summary>
    public string Name { get; } = name;

    /// <summary>Blocks, the entry first; reverse postorder after <see cref="Renumber"/>.</summary>
    public List<Block> Blocks { get; set; } = [];

    /// <summary>Shared arrays, by the number that <see cref="Opcode.SharedArray"/> names.</summary>
    public List<ArrayAllocation> SharedArrays { get; init; } = [];

    /// <summary>Local arrays, by the number that <see cref="Opcode.LocalArray"/> names.</summary>
    public List<ArrayAllocation> LocalArrays { get; init; } = [];

    /// <summary>What must hold, by the number that <see cref="Opcode.Assert"/> names.</summary>
    public List<Assertion> Assertions { get; init; } = [];

    /// <summary>What cannot be run, by the number that <see cref="Opcode.Refused"/> names.</summary>
    public List<string> Refusals { get; } = [];

    /// <summary>Whether the launch is implicitly grouped, of how many dimensions; 0 where it is explicitly grouped.</summary>
    public int ImplicitDimensions { get; init; }

    /// <summary>The block where every thread starts.</summary>
    public Block Entry => Blocks[0];

    /// <summary>All operations, phis included, in block order.</summary>
    public IEnumerable<Value> Values => Blocks.SelectMany(block => block.Phis.Concat(block.Instructions));

    /// <summary>The constant of this type and these bits.</summary>
    public Value Constant(ScalarType type, long bits)
    {
        bits = Normalize(type, bits);
        if (!constants.TryGetValue((type, bits), out var value))
            constants[(type, bits)] = value = new Value(Opcode.Constant, type, [], bits);
        return value;
    }

    /// <summary>The float constant of this type.</summary>
    public Value Constant(ScalarType type, double number) =>
        Constant(type, type == ScalarType.F32 ? BitConverter.SingleToInt32Bits((float)number) : BitConverter.DoubleToInt64Bits(number));

    /// <summary>Bits as a value of this type holds them: integers sign-extended, truth values 0 or 1, 32-bit floats zero-extended.</summary>
    public static long Normalize(ScalarType type, long bits) => type switch
    {
        ScalarType.Bool => bits & 1,
        ScalarType.I8 => (sbyte)bits,
        ScalarType.I16 => (short)bits,
        ScalarType.I32 => (int)bits,
        ScalarType.F32 => (uint)bits,
        _ => bits,
    };

    /// <summary>Drops blocks that cannot be reached, puts the others in reverse postorder and numbers blocks and values.</summary>
    public void Renumber()
    {
        var order = ReversePostorder();
        var reachable = order.ToHashSet();
        foreach (var block in Blocks)
        {
            if (reachable.Contains(block)) continue;
            foreach (var successor in block.Successors.Where(reachable.Contains).ToList())
                successor.RemovePredecessor(block);
        }
        Blocks = order;
        int id = 0;
        for (int index = 0; index < order.Count; index++)
        {
            order[index].Id = index;
            foreach (var phi in order[index].Phis) phi.Id = id++;
            foreach (var value in order[index].Instructions) value.Id = id++;
        }
    }

    /// <summary>Replaces operands and conditions everywhere, following chains.</summary>
    public void Replace(Dictionary<Value, Value> replacements)
    {
        if (replacements.Count == 0) return;
        Value Resolve(Value value)
        {
            while (replacements.TryGetValue(value, out var next)) value = next;
            return value;
        }
        foreach (var block in Blocks)
        {
            foreach (var value in block.Phis.Concat(block.Instructions))
            {
                for (int index = 0; index < value.Operands.Length; index++)
                    value.Operands[index] = Resolve(value.Operands[index]);
            }
            if (block.Condition is not null) block.Condition = Resolve(block.Condition);
        }
    }

    /// <summary>A copy that shares nothing that changes: what one group shape is specialized from.</summary>
    public Function Clone()
    {
        var copy = new Function(Name)
        {
            ImplicitDimensions = ImplicitDimensions,
            SharedArrays = [.. SharedArrays],
            LocalArrays = [.. LocalArrays],
            Assertions = [.. Assertions],
        };
        var cloner = new BlockCloner(copy);
        copy.Blocks = cloner.Clone(Blocks);
        return copy;
    }

    private List<Block> ReversePostorder()
    {
        var visited = new HashSet<Block> { Entry };
        var postorder = new List<Block>();
        var stack = new Stack<(Block Block, IEnumerator<Block> Successors)>();
        stack.Push((Entry, Entry.Successors.Reverse().GetEnumerator()));
        while (stack.Count > 0)
        {
            var (block, successors) = stack.Peek();
            if (successors.MoveNext())
            {
                if (visited.Add(successors.Current))
                    stack.Push((successors.Current, successors.Current.Successors.Reverse().GetEnumerator()));
            }
            else
            {
                postorder.Add(block);
                stack.Pop();
            }
        }
        postorder.Reverse();
        return postorder;
    }
}
