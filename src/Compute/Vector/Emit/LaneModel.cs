using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Emit;

/// <summary>How a value varies across the lanes of a vector.</summary>
internal readonly record struct Shape
{
    private enum Kind : byte
    {
        Unknown,
        Uniform,
        Strided,
        Varying,
    }

    private readonly Kind kind;

    private Shape(Kind kind, long stride) => (this.kind, Stride) = (kind, stride);

    /// <summary>Not yet known; the analysis starts here.</summary>
    public static Shape Unknown => default;

    /// <summary>The same for all threads of the group.</summary>
    public static Shape Uniform => new(Kind.Uniform, 0);

    /// <summary>Any value in any lane.</summary>
    public static Shape Varying => new(Kind.Varying, 0);

    /// <summary>Lane i of a vector has the value of lane 0 plus i * stride; vectors of a group may start anywhere.</summary>
    public static Shape Strided(long stride) => new(Kind.Strided, stride);

    /// <summary>Difference between neighbouring lanes; 0 where uniform.</summary>
    public long Stride { get; }

    /// <summary>Whether nothing is known yet.</summary>
    public bool IsUnknown => kind == Kind.Unknown;

    /// <summary>Whether one scalar holds it for the whole group.</summary>
    public bool IsUniform => kind == Kind.Uniform;

    /// <summary>Whether one scalar a vector holds it.</summary>
    public bool IsStrided => kind == Kind.Strided;

    /// <summary>Whether it takes vectors.</summary>
    public bool IsVarying => kind == Kind.Varying;

    /// <summary>The least shape that covers both.</summary>
    public Shape Join(Shape other)
    {
        if (IsUnknown || this == other) return other;
        if (other.IsUnknown) return this;
        return IsVarying || other.IsVarying || Stride != other.Stride ? Varying : Strided(Stride);
    }

    /// <inheritdoc/>
    public override string ToString() => IsStrided ? $"strided {Stride}" : kind.ToString().ToLowerInvariant();
}

/// <summary>
/// How the threads of a group are laid out in vectors: consecutive linear indices (X fastest) are consecutive lanes. In lock step all vectors of the
/// group advance together, operation by operation; otherwise one vector after the other runs the whole kernel.
/// </summary>
internal sealed class LaneModel
{
    /// <summary>Lays out a group.</summary>
    /// <param name="shape">The group's shape.</param>
    /// <param name="width">32-bit lanes of a vector.</param>
    /// <param name="lockStep">Whether the kernel's threads must meet.</param>
    public LaneModel(GroupShape shape, int width, bool lockStep)
    {
        GroupShape = shape;
        Width = width;
        LockStep = lockStep;
        Vectors = lockStep ? (shape.Size + width - 1) / width : 1;
    }

    /// <summary>32-bit lanes of a vector.</summary>
    public int Width { get; }

    /// <summary>The group's shape.</summary>
    public GroupShape GroupShape { get; }

    /// <summary>Whether all vectors of the group advance together.</summary>
    public bool LockStep { get; }

    /// <summary>Vectors that the emitted code handles at a time.</summary>
    public int Vectors { get; }

    /// <summary>Threads that the emitted code handles at a time.</summary>
    public int Lanes => Vectors * Width;

    /// <summary>Threads of the group.</summary>
    public int GroupSize => GroupShape.Size;

    /// <summary>Whether the group has one dimension, so that the index along X is the linear index.</summary>
    public bool IsOneDimensional => GroupShape.Y == 1 && GroupShape.Z == 1;

    /// <summary>Shape of the group index along a dimension.</summary>
    public Shape GroupIndex(int dimension)
    {
        if (dimension == 0 && (IsOneDimensional || GroupShape.X % Width == 0)) return Shape.Strided(1);
        if (dimension > 0 && GroupShape.X % Width == 0) return Vectors == 1 ? Shape.Uniform : Shape.Strided(0);
        if (dimension == 2 && GroupShape.X * GroupShape.Y % Width == 0) return Vectors == 1 ? Shape.Uniform : Shape.Strided(0);
        return Shape.Varying;
    }

    /// <summary>Index along a dimension of every thread, by linear index, padded to whole vectors.</summary>
    public int[] IndexTable(int dimension)
    {
        var table = new int[(GroupShape.Size + Width - 1) / Width * Width];
        for (int linear = 0; linear < table.Length; linear++)
            table[linear] = IndexOf(dimension, linear);
        return table;
    }

    /// <summary>Index along a dimension of the thread with a linear index.</summary>
    public int IndexOf(int dimension, int linear) => dimension switch
    {
        0 => linear % GroupShape.X,
        1 => linear / GroupShape.X % GroupShape.Y,
        _ => linear / (GroupShape.X * GroupShape.Y),
    };

    /// <summary>Whether threads of the kernel must advance together.</summary>
    public static bool NeedsLockStep(Function function) => function.SharedArrays.Count > 0 ||
        function.Values.Any(value => value.Op is Opcode.Barrier or Opcode.BarrierPredicate or Opcode.BroadcastGroup);
}
