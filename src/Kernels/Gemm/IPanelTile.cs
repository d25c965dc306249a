namespace Engine.Kernels;

/// <summary>
/// The constants of a CPU-shaped matrix product for one group width. A struct parameter instead of numbers: its properties become
/// constants when the kernel is compiled, so that accumulators are unrolled into registers.
/// </summary>
internal interface IPanelTile
{
    /// <summary>Threads of a group: the lanes of one vector.</summary>
    int Width { get; }

    /// <summary>Rows of a register tile. Its accumulators are <c>Rows</c> x 2 vectors.</summary>
    int Rows { get; }

    /// <summary>Rows of the smaller tile that finishes a block of rows.</summary>
    int TailRows { get; }

    /// <summary>Row stride of a tile that is gathered column by column: <see cref="Rows"/> rounded up to whole vectors.</summary>
    int RowsStride { get; }
}

/// <summary>512-bit vectors, 32 registers: 24 accumulators.</summary>
internal readonly struct PanelTile16 : IPanelTile
{
    /// <inheritdoc/>
    public int Width => 16;

    /// <inheritdoc/>
    public int Rows => 12;

    /// <inheritdoc/>
    public int TailRows => 4;

    /// <inheritdoc/>
    public int RowsStride => 16;
}

/// <summary>256-bit vectors, 16 registers: 12 accumulators.</summary>
internal readonly struct PanelTile8 : IPanelTile
{
    /// <inheritdoc/>
    public int Width => 8;

    /// <inheritdoc/>
    public int Rows => 6;

    /// <inheritdoc/>
    public int TailRows => 3;

    /// <inheritdoc/>
    public int RowsStride => 8;
}

/// <summary>128-bit vectors, 16 registers: 12 accumulators.</summary>
internal readonly struct PanelTile4 : IPanelTile
{
    /// <inheritdoc/>
    public int Width => 4;

    /// <inheritdoc/>
    public int Rows => 6;

    /// <inheritdoc/>
    public int TailRows => 3;

    /// <inheritdoc/>
    public int RowsStride => 8;
}
