namespace Engine.Compute.Vector.IR;

/// <summary>One SSA value: an operation, its operands and its result type.</summary>
internal sealed class Value(Opcode op, ScalarType type, Value[] operands, long immediate = 0)
{
    /// <summary>The operation.</summary>
    public Opcode Op { get; set; } = op;

    /// <summary>Type of the result; <see cref="ScalarType.Void"/> where there is none.</summary>
    public ScalarType Type { get; } = type;

    /// <summary>Operands; of a phi, one per predecessor of its block, in their order.</summary>
    public Value[] Operands { get; set; } = operands;

    /// <summary>Constant part of the operation: see <see cref="Opcode"/>.</summary>
    public long Immediate { get; set; } = immediate;

    /// <summary>Second constant part, of atomics only: which <see cref="AtomicOperation"/>.</summary>
    public int Kind { get; init; }

    /// <summary>Where it comes from; known only where checks or assertions may have to say so.</summary>
    public SourceLine? Source { get; set; }

    /// <summary>Block that holds it; null for constants, which belong to the whole function.</summary>
    public Block? Block { get; set; }

    /// <summary>Number in dumps and tables, dense after <see cref="Function.Renumber"/>.</summary>
    public int Id { get; set; } = -1;

    /// <summary>Whether it is a constant.</summary>
    public bool IsConstant => Op == Opcode.Constant;

    /// <summary>Whether it is the integer or truth-value constant <paramref name="value"/>.</summary>
    public bool IsInteger(long value) => Op == Opcode.Constant && !Type.IsFloat() && Immediate == value;

    /// <summary>Whether it must stay even when nobody uses its result.</summary>
    public bool HasSideEffects => Op is Opcode.Store or Opcode.Atomic or Opcode.AtomicCompareExchange or Opcode.Barrier or Opcode.WarpBarrier or Opcode.BarrierPredicate or Opcode.Fence or Opcode.Prefetch or Opcode.Write or
        Opcode.Assert or Opcode.Refused;

    /// <summary>Whether two equal ones give equal results anywhere, and one may be moved to any place where its operands are known.</summary>
    public bool IsPure => Op is not (Opcode.Phi or Opcode.Load or Opcode.Shuffle or Opcode.BroadcastGroup or Opcode.BroadcastWarp) && !HasSideEffects;

    /// <summary>Whether threads must meet here.</summary>
    public bool IsCrossThread => Op is Opcode.Barrier or Opcode.WarpBarrier or Opcode.BarrierPredicate or Opcode.Shuffle or Opcode.BroadcastGroup or Opcode.BroadcastWarp;

    /// <summary>Whether all threads of the group must meet here.</summary>
    public bool MeetsGroup => Op is Opcode.Barrier or Opcode.BarrierPredicate or Opcode.BroadcastGroup;

    /// <summary>The float that a constant's bits mean.</summary>
    public double FloatValue => Type == ScalarType.F32 ? BitConverter.Int32BitsToSingle((int)Immediate) : BitConverter.Int64BitsToDouble(Immediate);

    /// <inheritdoc/>
    public override string ToString() => FunctionPrinter.Describe(this);
}
