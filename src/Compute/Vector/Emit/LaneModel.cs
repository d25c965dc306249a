using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Emit;

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
        function.Values.Any(value => value.Op is Opcode.DynamicSharedArray or Opcode.Barrier or Opcode.BarrierPredicate or Opcode.BroadcastGroup);
}
