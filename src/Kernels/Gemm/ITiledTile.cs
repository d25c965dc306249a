namespace Engine.Kernels;

/// <summary>The constants of a GPU-shaped matrix product. Every thread computes 4 x 4 elements of a square tile.</summary>
internal interface ITiledTile
{
    /// <summary>Threads along each side of the tile, a power of two; a group is the square of it.</summary>
    int Side { get; }

    /// <summary>Base-2 logarithm of <see cref="Side"/>.</summary>
    int SideShift { get; }
}

/// <summary>Tiles of 64 x 64 in groups of 256 threads.</summary>
internal readonly struct TiledTile64 : ITiledTile
{
    /// <inheritdoc/>
    public int Side => 16;

    /// <inheritdoc/>
    public int SideShift => 4;
}

/// <summary>Tiles of 32 x 32 in groups of 64 threads, for devices whose groups are smaller.</summary>
internal readonly struct TiledTile32 : ITiledTile
{
    /// <inheritdoc/>
    public int Side => 8;

    /// <inheritdoc/>
    public int SideShift => 3;
}

/// <summary>Tiles of 16 x 16 in groups of 16 threads, for devices whose groups are smaller still.</summary>
internal readonly struct TiledTile16 : ITiledTile
{
    /// <inheritdoc/>
    public int Side => 4;

    /// <inheritdoc/>
    public int SideShift => 2;
}
