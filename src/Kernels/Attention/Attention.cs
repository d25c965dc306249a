using Engine.Compute;
using ILGPU;

namespace Engine.Kernels;

/// <summary>
/// Scaled dot-product attention of several heads on packed sequences: every token attends to all tokens of its own sequence. Exact, tiled, with a
/// running softmax (Dao, Fu, Ermon, Rudra, Re: FlashAttention; NeurIPS 2022); no matrix of sequence x sequence exists in memory, and the backward
/// pass recomputes the probabilities from the saved log-sum-exp.
/// </summary>
/// <remarks>
/// <para>
/// Rows of <c>qkv</c> are query | key | value, each [heads x headSize]; H = heads x headSize. Dropout acts on the probabilities: the element of a query
/// token, a head and a key is drawn by the token's logical number (<c>tokenBase</c> + token), the head and the key's position in its sequence.
/// </para>
/// <para>
/// Two shapes of kernels exist, one for processors and one for GPUs; the device's <see cref="TileTable"/> decides. A sequence's results have the same
/// bits alone and in any batch. There are no float atomics: whatever is summed is summed by one group in a fixed order.
/// </para>
/// </remarks>
public sealed class Attention : IDisposable
{
    /// <summary>Largest head size.</summary>
    public const int MaxHeadSize = 128;

    private readonly ComputeDevice device;
    private readonly int maxTokens;
    private readonly int maxSequences;
    private readonly IAttentionKernels kernels;
    private readonly AttentionTileList forwardTiles;
    private readonly AttentionTileList backwardTiles;
    private int preparedTokens;
    private double preparedPairs;

    /// <summary>Makes the operation for a layer shape; kernels are compiled at their first use.</summary>
    /// <param name="device">The device; it stays the caller's.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="headSize">Size of a head, 1 to <see cref="MaxHeadSize"/>.</param>
    /// <param name="maxTokens">Most tokens of a batch.</param>
    /// <param name="maxSequences">Most sequences of a batch.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is not possible.</exception>
    /// <exception cref="ComputeException">The device's groups or its shared memory are too small.</exception>
    public Attention(ComputeDevice device, int heads, int headSize, int maxTokens, int maxSequences)
        : this(device, heads, headSize, maxTokens, maxSequences, AttentionShape.Automatic)
    {
    }

    /// <summary>Makes the operation with a shape of kernels, so that every shape can be tried on every device.</summary>
    internal Attention(ComputeDevice device, int heads, int headSize, int maxTokens, int maxSequences, AttentionShape shape)
        : this(device, heads, headSize, maxTokens, maxSequences, KernelsFor(device, shape, heads, headSize, maxTokens))
    {
    }

    /// <summary>Makes the operation with these very kernels, which become its own.</summary>
    internal Attention(ComputeDevice device, int heads, int headSize, int maxTokens, int maxSequences, IAttentionKernels kernels)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(heads);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(headSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(headSize, MaxHeadSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxTokens);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxSequences);
        this.device = device;
        this.maxTokens = maxTokens;
        this.maxSequences = maxSequences;
        this.kernels = kernels;
        Heads = heads;
        HeadSize = headSize;
        forwardTiles = new AttentionTileList(device, kernels.ForwardQueries, maxTokens, maxSequences);
        backwardTiles = new AttentionTileList(device, kernels.BackwardTokens, maxTokens, maxSequences);
    }

    /// <summary>Gets the number of heads.</summary>
    public int Heads { get; }

    /// <summary>Gets the size of a head.</summary>
    public int HeadSize { get; }

    /// <summary>Tells where the sequences of the batch lie; <see cref="Forward"/> and <see cref="Backward"/> use it until the next call.</summary>
    /// <param name="sequenceOffsets">First token of each sequence, and the number of tokens: batch + 1 numbers, the first 0, none below the one before.</param>
    /// <exception cref="ArgumentException">The offsets are no such numbers, or exceed what the operation was made for.</exception>
    public void Prepare(ReadOnlySpan<int> sequenceOffsets)
    {
        if (sequenceOffsets.Length < 2 || sequenceOffsets[0] != 0)
            throw new ArgumentException("expected batch + 1 offsets, the first of them 0", nameof(sequenceOffsets));
        if (sequenceOffsets.Length - 1 > maxSequences)
        {
            throw new ArgumentException(
                $"{sequenceOffsets.Length - 1} sequences, expected at most {maxSequences}", nameof(sequenceOffsets));
        }

        var pairs = 0.0;
        for (var i = 1; i < sequenceOffsets.Length; i++)
        {
            if (sequenceOffsets[i] < sequenceOffsets[i - 1])
            {
                throw new ArgumentException(
                    $"offset {i} is {sequenceOffsets[i]}, below the one before, {sequenceOffsets[i - 1]}", nameof(sequenceOffsets));
            }

            var length = (double)(sequenceOffsets[i] - sequenceOffsets[i - 1]);
            pairs += length * length;
        }

        if (sequenceOffsets[^1] > maxTokens)
            throw new ArgumentException($"{sequenceOffsets[^1]} tokens, expected at most {maxTokens}", nameof(sequenceOffsets));

        preparedTokens = sequenceOffsets[^1];
        preparedPairs = pairs;
        forwardTiles.Fill(sequenceOffsets);
        backwardTiles.Fill(sequenceOffsets);
    }

    /// <summary>context = dropout(softmax(query key^T / sqrt(headSize))) value, per sequence and head.</summary>
    /// <param name="qkv">Queries, keys and values [tokens, 3H].</param>
    /// <param name="context">Result [tokens, H].</param>
    /// <param name="logSumExp">Logarithm of each softmax's denominator [heads, tokens], for the backward pass.</param>
    /// <param name="tokens">Tokens of the batch, as prepared.</param>
    /// <param name="dropout">Dropout of the probabilities.</param>
    /// <param name="tokenBase">Number of the first token in the logical batch.</param>
    /// <exception cref="ArgumentException">A view is too short, or the tokens are not those of <see cref="Prepare"/>.</exception>
    public void Forward(
        ArrayView<float> qkv,
        ArrayView<float> context,
        ArrayView<float> logSumExp,
        int tokens,
        DropoutState dropout,
        int tokenBase)
    {
        var width = Heads * HeadSize;
        CheckTokens(tokens);
        Check(qkv, tokens, 3 * width, nameof(qkv));
        Check(context, tokens, width, nameof(context));
        Check(logSumExp, Heads, tokens, nameof(logSumExp));
        if (tokens == 0)
            return;

        // Two products of length x length x head size for every sequence and head; queries, keys and values in, the context and the softmax's sums out.
        using var measured = Measure("attention, forward", products: 2, matrices: 4);
        kernels.Forward(forwardTiles, qkv, context, logSumExp, Arguments(tokens, tokenBase), dropout.ToDraw());
    }

    /// <summary>The gradient of <see cref="Forward"/>.</summary>
    /// <param name="qkv">What the forward pass was given, [tokens, 3H].</param>
    /// <param name="context">What it computed, [tokens, H].</param>
    /// <param name="dcontext">Gradient of <paramref name="context"/> [tokens, H].</param>
    /// <param name="logSumExp">What the forward pass saved, [heads, tokens].</param>
    /// <param name="dqkv">Result: gradient of <paramref name="qkv"/> [tokens, 3H], overwritten.</param>
    /// <param name="tokens">Tokens of the batch, as prepared.</param>
    /// <param name="dropout">The forward pass's dropout.</param>
    /// <param name="tokenBase">The forward pass's number of the first token.</param>
    /// <exception cref="ArgumentException">A view is too short, or the tokens are not those of <see cref="Prepare"/>.</exception>
    public void Backward(
        ArrayView<float> qkv,
        ArrayView<float> context,
        ArrayView<float> dcontext,
        ArrayView<float> logSumExp,
        ArrayView<float> dqkv,
        int tokens,
        DropoutState dropout,
        int tokenBase)
    {
        var width = Heads * HeadSize;
        CheckTokens(tokens);
        Check(qkv, tokens, 3 * width, nameof(qkv));
        Check(context, tokens, width, nameof(context));
        Check(dcontext, tokens, width, nameof(dcontext));
        Check(logSumExp, Heads, tokens, nameof(logSumExp));
        Check(dqkv, tokens, 3 * width, nameof(dqkv));
        if (tokens == 0)
            return;

        // Five products: the scores once more, and the gradients of probabilities, values, queries and keys. In: qkv, the context and its gradient.
        using var measured = Measure("attention, backward", products: 5, matrices: 8);
        kernels.Backward(backwardTiles, new AttentionGradientViews(qkv, context, dcontext, logSumExp, dqkv), Arguments(tokens, tokenBase), dropout.ToDraw());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        forwardTiles.Dispose();
        backwardTiles.Dispose();
        kernels.Dispose();
    }

    /// <summary>The kernels of a shape in the width that suits a device and a head size.</summary>
    internal static IAttentionKernels KernelsFor(ComputeDevice device, AttentionShape shape, int heads, int headSize, int maxTokens)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(headSize, MaxHeadSize);
        var panel = shape == AttentionShape.Panel || (shape == AttentionShape.Automatic && SuitsPanels(device.Tiles));
        return panel ? Panels(device) : Blocks(device, heads, headSize, maxTokens);
    }

    /// <summary>Whether a device can run the CPU-shaped kernels, and whether they pay there.</summary>
    internal static bool SuitsPanels(TileTable tiles) =>
        tiles.PanelGemm && tiles.WarpShuffles && tiles.WarpSize >= 4 && tiles.SharedMemoryBytes >= AttentionPanels.SharedBytes;

    private static IAttentionKernels Panels(ComputeDevice device) => device.Tiles.WarpSize switch
    {
        >= 16 => new PanelAttention<AttentionPanel16>(device),
        >= 8 => new PanelAttention<AttentionPanel8>(device),
        _ => new PanelAttention<AttentionPanel4>(device),
    };

    /// <summary>The largest squares that the device's groups and its shared memory hold.</summary>
    private static IAttentionKernels Blocks(ComputeDevice device, int heads, int headSize, int maxTokens)
    {
        if (BlockAttention<AttentionBlock32>.Fits(device.Tiles, headSize))
            return new BlockAttention<AttentionBlock32>(device, heads, maxTokens);
        if (BlockAttention<WideAttentionBlock32>.Fits(device.Tiles, headSize))
            return new BlockAttention<WideAttentionBlock32>(device, heads, maxTokens);
        if (BlockAttention<AttentionBlock16>.Fits(device.Tiles, headSize))
            return new BlockAttention<AttentionBlock16>(device, heads, maxTokens);
        if (BlockAttention<WideAttentionBlock8>.Fits(device.Tiles, headSize))
            return new BlockAttention<WideAttentionBlock8>(device, heads, maxTokens);
        throw new ComputeException(
            $"device {device.Selector} ({device.Name}) has groups of at most {device.Tiles.MaxGroupSize} threads with {device.Tiles.SharedMemoryBytes} bytes of shared memory, "
            + $"expected {BlockAttention<WideAttentionBlock8>.Threads} threads with {BlockAttention<WideAttentionBlock8>.SharedBytes} bytes or more for attention; choose another device");
    }

    private static void Check(ArrayView<float> view, int rows, int columns, string name)
    {
        if (view.Length < (long)rows * columns)
            throw new ArgumentException($"the view has {view.Length} elements, expected at least {rows} x {columns}", name);
    }

    private AttentionArguments Arguments(int tokens, int tokenBase) =>
        new(tokens, Heads, HeadSize, tokenBase, (float)(1.0 / Math.Sqrt(HeadSize)));

    private IDisposable? Measure(string name, int products, int matrices) => device.Profile?.Begin(
        name, 2.0 * products * preparedPairs * Heads * HeadSize, sizeof(float) * (double)preparedTokens * ((matrices * Heads * HeadSize) + Heads));

    private void CheckTokens(int tokens)
    {
        if (tokens != preparedTokens)
            throw new ArgumentException($"{tokens} tokens, but the batch was prepared with {preparedTokens}", nameof(tokens));
    }
}

/// <summary>Which kernels compute attention.</summary>
internal enum AttentionShape
{
    /// <summary>What the device's tile table says.</summary>
    Automatic,

    /// <summary>The CPU-shaped kernels.</summary>
    Panel,

    /// <summary>The GPU-shaped kernels.</summary>
    Block,
}
