namespace Engine.Compute.Vector.IR;

/// <summary>How a block ends.</summary>
internal enum TerminatorKind
{
    /// <summary>The thread is done.</summary>
    Return,

    /// <summary>Goes to <see cref="Block.Target"/>.</summary>
    Jump,

    /// <summary>Goes to <see cref="Block.Target"/> where the condition holds, else to <see cref="Block.Otherwise"/>.</summary>
    Branch,
}

/// <summary>A straight run of operations with one way in and a terminator. Predecessors are distinct blocks; phis follow their order.</summary>
internal sealed class Block
{
    /// <summary>Number in dumps and layout, dense after <see cref="Function.Renumber"/>.</summary>
    public int Id { get; set; }

    /// <summary>Merges at the start.</summary>
    public List<Value> Phis { get; } = [];

    /// <summary>Operations in order.</summary>
    public List<Value> Instructions { get; set; } = [];

    /// <summary>Blocks that lead here, in the order of the phis' operands.</summary>
    public List<Block> Predecessors { get; } = [];

    /// <summary>How it ends.</summary>
    public TerminatorKind Terminator { get; private set; } = TerminatorKind.Return;

    /// <summary>Condition of a branch.</summary>
    public Value? Condition { get; set; }

    /// <summary>Target of a jump, or of a branch that is taken.</summary>
    public Block? Target { get; private set; }

    /// <summary>Target of a branch that is not taken.</summary>
    public Block? Otherwise { get; private set; }

    /// <summary>Blocks that may follow.</summary>
    public IEnumerable<Block> Successors
    {
        get
        {
            if (Target is not null) yield return Target;
            if (Otherwise is not null) yield return Otherwise;
        }
    }

    /// <summary>Appends an operation.</summary>
    public Value Append(Value value)
    {
        value.Block = this;
        Instructions.Add(value);
        return value;
    }

    /// <summary>Adds a phi; its operands are given later or now, one a predecessor.</summary>
    public Value AddPhi(ScalarType type, params Value[] operands)
    {
        var phi = new Value(Opcode.Phi, type, operands) { Block = this };
        Phis.Add(phi);
        return phi;
    }

    /// <summary>Ends the block with a jump. Registers it with the target; phis there are the caller's.</summary>
    public void JumpTo(Block target)
    {
        (Terminator, Condition, Target, Otherwise) = (TerminatorKind.Jump, null, target, null);
        target.Predecessors.Add(this);
    }

    /// <summary>Ends the block with a branch; equal targets make it a jump.</summary>
    public void BranchTo(Value condition, Block target, Block otherwise)
    {
        if (target == otherwise)
        {
            JumpTo(target);
            return;
        }
        (Terminator, Condition, Target, Otherwise) = (TerminatorKind.Branch, condition, target, otherwise);
        target.Predecessors.Add(this);
        otherwise.Predecessors.Add(this);
    }

    /// <summary>Turns the branch into a jump to <paramref name="taken"/> and forgets the other edge, phi operands included.</summary>
    public void FoldBranch(Block taken)
    {
        var other = taken == Target ? Otherwise! : Target!;
        other.RemovePredecessor(this);
        (Terminator, Condition, Target, Otherwise) = (TerminatorKind.Jump, null, taken, null);
    }

    /// <summary>Forgets the edge from <paramref name="predecessor"/> and the phi operands that came over it.</summary>
    public void RemovePredecessor(Block predecessor)
    {
        int index = Predecessors.IndexOf(predecessor);
        Predecessors.RemoveAt(index);
        foreach (var phi in Phis)
            phi.Operands = [.. phi.Operands[..index], .. phi.Operands[(index + 1)..]];
    }

    /// <summary>Sends the edge to <paramref name="oldTarget"/> to <paramref name="newTarget"/>, without touching either's predecessors.</summary>
    public void RetargetEdge(Block oldTarget, Block newTarget)
    {
        if (Target == oldTarget) Target = newTarget;
        if (Otherwise == oldTarget) Otherwise = newTarget;
    }

    /// <summary>Takes the terminator of <paramref name="other"/>, which loses its own; successors' predecessor entries follow.</summary>
    public void TakeTerminator(Block other)
    {
        (Terminator, Condition, Target, Otherwise) = (other.Terminator, other.Condition, other.Target, other.Otherwise);
        (other.Terminator, other.Condition, other.Target, other.Otherwise) = (TerminatorKind.Return, null, null, null);
        foreach (var successor in Successors)
            successor.Predecessors[successor.Predecessors.IndexOf(other)] = this;
    }

    /// <inheritdoc/>
    public override string ToString() => $"b{Id}";
}
