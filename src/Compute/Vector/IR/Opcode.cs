namespace Engine.Compute.Vector.IR;

/// <summary>
/// Operations of the vector compiler's SSA form. An operation's result type is its value's <see cref="Value.Type"/>; signedness is part of the
/// operation. <c>imm</c> below is <see cref="Value.Immediate"/>.
/// </summary>
internal enum Opcode : byte
{
    // Values without operands.

    /// <summary>Constant; imm holds the bits.</summary>
    Constant,

    /// <summary>Launch argument at byte imm of the argument block.</summary>
    Argument,

    /// <summary>Thread's index in its group, dimension imm.</summary>
    GroupIndex,

    /// <summary>Group's index in the grid, dimension imm.</summary>
    GridIndex,

    /// <summary>Groups of the grid, dimension imm.</summary>
    GridDimension,

    /// <summary>Threads of a group, dimension imm; a constant once the group's shape is known.</summary>
    GroupDimension,

    /// <summary>Lane in the warp.</summary>
    LaneIndex,

    /// <summary>Address of shared allocation number imm (I64), the same for all threads.</summary>
    SharedArray,

    /// <summary>Address of the shared memory whose size the launch names (I64): one allocation, whatever it is seen as.</summary>
    DynamicSharedArray,

    /// <summary>Size of the shared memory that the launch names, in bytes.</summary>
    DynamicSharedBytes,

    /// <summary>Address of local allocation number imm (I64).</summary>
    LocalArray,

    /// <summary>Physical start of local allocation imm, its elements laid out lane by lane (after <c>LocalArrayLayout</c>).</summary>
    LocalStorage,

    /// <summary>Thread's linear index in its vector block: what separates lanes in <see cref="LocalStorage"/>.</summary>
    StorageLane,

    /// <summary>Merge of values at a block's start, one operand a predecessor.</summary>
    Phi,

    // Arithmetic: integers wrap; floats are IEEE.
    Add,
    Subtract,
    Multiply,
    Divide,
    DivideUnsigned,
    Remainder,
    RemainderUnsigned,
    Minimum,
    MinimumUnsigned,
    Maximum,
    MaximumUnsigned,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
    ShiftRightUnsigned,
    Negate,
    Not,
    Absolute,
    Reciprocal,
    SquareRoot,
    ReciprocalSquareRoot,
    Floor,
    Ceiling,
    PopulationCount,
    LeadingZeroCount,
    TrailingZeroCount,

    /// <summary>a * b + c, rounded once.</summary>
    MultiplyAdd,

    /// <summary>a * b - c, rounded once.</summary>
    MultiplySubtract,

    /// <summary>c - a * b, rounded once.</summary>
    NegatedMultiplyAdd,

    /// <summary>High 32 bits of the product of two unsigned 32-bit integers.</summary>
    MultiplyHighUnsigned,

    /// <summary>Library function of one or two floats; imm is a <see cref="MathFunction"/>.</summary>
    Math,

    /// <summary>Comparison; imm is a <see cref="Comparison"/>.</summary>
    Compare,

    /// <summary>condition ? a : b.</summary>
    Select,

    // Conversions.
    SignExtend,
    ZeroExtend,
    Truncate,
    SignedToFloat,
    UnsignedToFloat,
    FloatToSigned,
    FloatToUnsigned,
    FloatToFloat,

    /// <summary>Same bits, other type of the same size.</summary>
    Bitcast,

    // Memory. The address is operand 0 plus imm bytes.
    Load,
    Store,

    /// <summary>Atomic read-modify-write (address, value); <see cref="Value.Kind"/> is an <see cref="AtomicOperation"/>. Gives the old value.</summary>
    Atomic,

    /// <summary>Atomic compare and swap (address, value, comparand). Gives the old value.</summary>
    AtomicCompareExchange,

    /// <summary>Announces a later load of the address to the cache. Harmless whatever the address; only where threads run in lock step.</summary>
    Prefetch,

    /// <summary>Nothing moves across it: other groups see what was written before no later than what is written after.</summary>
    Fence,

    /// <summary>Writes a text; imm is its format's number, the operands are its arguments.</summary>
    Write,

    /// <summary>What must hold (condition[, index, length]); imm is the number of the function's assertion.</summary>
    Assert,

    // Threads.
    Barrier,

    /// <summary>Barrier of a warp, whose lanes are together anyway where they are a vector's.</summary>
    WarpBarrier,

    /// <summary>Barrier that reduces a truth value over the group; imm is a <see cref="GroupPredicate"/>.</summary>
    BarrierPredicate,

    /// <summary>Shuffle in a warp (value, origin[, width]); imm is a <see cref="ShuffleMode"/>.</summary>
    Shuffle,

    /// <summary>Value of one thread for the whole group (value, thread).</summary>
    BroadcastGroup,

    /// <summary>Value of one lane for its warp (value, lane).</summary>
    BroadcastWarp,

    /// <summary>Something that cannot be run: reason imm of the function. A kernel that can reach one is refused.</summary>
    Refused,
}

/// <summary>How two values are compared. Floats: the plain forms are false for NaN, <c>…OrUnordered</c> ones true; <see cref="NotEqual"/> is true for NaN.</summary>
internal enum Comparison
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,

    /// <summary>Unsigned for integers, "or unordered" for floats: added to the four orders and, for floats, to equality.</summary>
    UnsignedFlag = 8,
}

/// <summary>Library functions that are called once per lane.</summary>
internal enum MathFunction
{
    Sin,
    Sinh,
    Asin,
    Cos,
    Cosh,
    Acos,
    Tan,
    Tanh,
    Atan,
    Exp,
    Exp2,
    Log,
    Log2,
    Log10,
    Atan2,
    Pow,
    CopySign,
    BinaryLog,
    Remainder,
    IeeeRemainder,
    Acosh,
    Asinh,
    Atanh,
    Cbrt,
    RoundToEven,
    RoundAwayFromZero,
    ReciprocalEstimate,
    ReciprocalSquareRootEstimate,
}

/// <summary>Atomic operations.</summary>
internal enum AtomicOperation
{
    Exchange,
    Add,
    And,
    Or,
    Xor,
    Maximum,
    Minimum,
    MaximumUnsigned,
    MinimumUnsigned,
}

/// <summary>What a predicate barrier gives.</summary>
internal enum GroupPredicate
{
    PopulationCount,
    And,
    Or,
}

/// <summary>Where a shuffled lane reads.</summary>
internal enum ShuffleMode
{
    /// <summary>From the lane named by the origin.</summary>
    Lane,

    /// <summary>From the own lane plus the origin.</summary>
    Down,

    /// <summary>From the own lane minus the origin.</summary>
    Up,

    /// <summary>From the own lane xor the origin.</summary>
    Xor,
}
