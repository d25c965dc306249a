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
