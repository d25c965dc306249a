namespace Engine.Kernels;

/// <summary>
/// The constants of CPU-shaped attention for one group width. A struct parameter instead of numbers: its properties become constants
/// when the kernel is compiled, so that accumulators are unrolled into registers.
/// </summary>
internal interface IAttentionPanel
{
    /// <summary>Threads of a group: the lanes of one vector. A divisor of <see cref="DropoutDraw.BlockCalls"/>.</summary>
    int Lanes { get; }

    /// <summary>Rows of a register tile, whose accumulators are <c>Rows</c> x 2 vectors. A divisor of <see cref="AttentionPanels.KeyTile"/>.</summary>
    int Rows { get; }
}

/// <summary>512-bit vectors, 32 registers: 16 accumulators.</summary>
internal readonly struct AttentionPanel16 : IAttentionPanel
{
    /// <inheritdoc/>
    public int Lanes => 16;

    /// <inheritdoc/>
    public int Rows => 8;
}

/// <summary>256-bit vectors, 16 registers: 8 accumulators.</summary>
internal readonly struct AttentionPanel8 : IAttentionPanel
{
    /// <inheritdoc/>
    public int Lanes => 8;

    /// <inheritdoc/>
    public int Rows => 4;
}

/// <summary>128-bit vectors, 16 registers: 8 accumulators.</summary>
internal readonly struct AttentionPanel4 : IAttentionPanel
{
    /// <inheritdoc/>
    public int Lanes => 4;

    /// <inheritdoc/>
    public int Rows => 4;
}
