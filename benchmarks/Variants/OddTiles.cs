using Engine.Kernels;

namespace Engine.Benchmarks.Variants;

/// <summary>11 rows instead of 12: an odd register tile for 512-bit vectors.</summary>
internal readonly struct OddTile16 : IPanelTile
{
    /// <inheritdoc/>
    public int Width => 16;

    /// <inheritdoc/>
    public int Rows => 11;

    /// <inheritdoc/>
    public int TailRows => 5;

    /// <inheritdoc/>
    public int RowsStride => 16;
}

/// <summary>5 rows instead of 6, for 256-bit vectors.</summary>
internal readonly struct OddTile8 : IPanelTile
{
    /// <inheritdoc/>
    public int Width => 8;

    /// <inheritdoc/>
    public int Rows => 5;

    /// <inheritdoc/>
    public int TailRows => 2;

    /// <inheritdoc/>
    public int RowsStride => 8;
}

/// <summary>5 rows instead of 6, for 128-bit vectors.</summary>
internal readonly struct OddTile4 : IPanelTile
{
    /// <inheritdoc/>
    public int Width => 4;

    /// <inheritdoc/>
    public int Rows => 5;

    /// <inheritdoc/>
    public int TailRows => 2;

    /// <inheritdoc/>
    public int RowsStride => 8;
}
