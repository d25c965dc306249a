namespace Engine.Kernels;

/// <summary>The constants of GPU-shaped attention. A group is a square of threads; a thread computes 4 x 4 elements of a square of scores.</summary>
internal interface IAttentionBlock
{
    /// <summary>Threads along each side, a power of two.</summary>
    int Side { get; }

    /// <summary>Base-2 logarithm of <see cref="Side"/>.</summary>
    int SideShift { get; }

    /// <summary>Largest head size: the width of the accumulators in shared memory, a multiple of 4 x <see cref="Side"/>.</summary>
    int HeadWidth { get; }
}

/// <summary>64 threads, 32 queries x 32 keys.</summary>
internal readonly struct AttentionBlock32 : IAttentionBlock
{
    /// <inheritdoc/>
    public int Side => 8;

    /// <inheritdoc/>
    public int SideShift => 3;

    /// <inheritdoc/>
    public int HeadWidth => 64;
}

/// <summary>64 threads, 32 queries x 32 keys, for the largest heads.</summary>
internal readonly struct WideAttentionBlock32 : IAttentionBlock
{
    /// <inheritdoc/>
    public int Side => 8;

    /// <inheritdoc/>
    public int SideShift => 3;

    /// <inheritdoc/>
    public int HeadWidth => Attention.MaxHeadSize;
}

/// <summary>16 threads, 16 queries x 16 keys, for devices whose groups or shared memory are small.</summary>
internal readonly struct AttentionBlock16 : IAttentionBlock
{
    /// <inheritdoc/>
    public int Side => 4;

    /// <inheritdoc/>
    public int SideShift => 2;

    /// <inheritdoc/>
    public int HeadWidth => 64;
}

/// <summary>4 threads, 8 queries x 8 keys, for the largest heads on such devices.</summary>
internal readonly struct WideAttentionBlock8 : IAttentionBlock
{
    /// <inheritdoc/>
    public int Side => 2;

    /// <inheritdoc/>
    public int SideShift => 1;

    /// <inheritdoc/>
    public int HeadWidth => Attention.MaxHeadSize;
}
