using Engine.Compute;
using Engine.Kernels;
using ILGPU;
using ILGPU.Runtime;
using BackwardLaunch = System.Action<
    ILGPU.KernelConfig,
    ILGPU.ArrayView<float>,
    ILGPU.ArrayView<int>,
    ILGPU.ArrayView<float>,
    ILGPU.ArrayView<float>,
    ILGPU.ArrayView<float>,
    ILGPU.ArrayView<float>,
    Engine.Kernels.AttentionArguments,
    Engine.Kernels.DropoutDraw,
    float>;
using ForwardLaunch = System.Action<
    ILGPU.KernelConfig,
    ILGPU.ArrayView<float>,
    ILGPU.ArrayView<int>,
    ILGPU.ArrayView<float>,
    ILGPU.ArrayView<float>,
    Engine.Kernels.AttentionArguments,
    Engine.Kernels.DropoutDraw,
    float,
    float>;

namespace Engine.Benchmarks.Variants;

/// <summary>Loads and launches <see cref="ReorderedAttentionForward"/> and <see cref="ReorderedAttentionBackward"/> on one batch.</summary>
internal sealed class ReorderedAttention : IDisposable
{
    private readonly AttentionArguments sizes;
    private readonly DropoutDraw draw;
    private readonly AttentionTileList forwardTiles;
    private readonly AttentionTileList backwardTiles;
    private readonly int lanes;
    private readonly ForwardLaunch forward;
    private readonly BackwardLaunch backward;

    private ReorderedAttention(
        ComputeDevice device, int heads, int headSize, int[] sequenceOffsets, DropoutState dropout, int lanes, ForwardLaunch forward, BackwardLaunch backward)
    {
        var tokens = sequenceOffsets[^1];
        sizes = new AttentionArguments(tokens, heads, headSize, 0, (float)(1.0 / Math.Sqrt(headSize)));
        draw = dropout.ToDraw();
        forwardTiles = new AttentionTileList(device, ReorderedAttentionForward.Queries, tokens, sequenceOffsets.Length - 1);
        backwardTiles = new AttentionTileList(device, int.MaxValue, tokens, sequenceOffsets.Length - 1);
        forwardTiles.Fill(sequenceOffsets);
        backwardTiles.Fill(sequenceOffsets);
        this.lanes = lanes;
        this.forward = forward;
        this.backward = backward;
    }

    /// <summary>Loads the kernels for a device's vectors.</summary>
    /// <param name="device">The device.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="headSize">Size of a head.</param>
    /// <param name="sequenceOffsets">Batch + 1 offsets.</param>
    /// <param name="dropout">Dropout of the probabilities.</param>
    /// <returns>The operation.</returns>
    public static ReorderedAttention Load(ComputeDevice device, int heads, int headSize, int[] sequenceOffsets, DropoutState dropout) =>
        device.Tiles.RowGroupSize switch
        {
            >= 16 => Load<OddPanel16>(device, heads, headSize, sequenceOffsets, dropout),
            >= 8 => Load<OddPanel8>(device, heads, headSize, sequenceOffsets, dropout),
            _ => Load<OddPanel4>(device, heads, headSize, sequenceOffsets, dropout),
        };

    /// <summary>The forward pass.</summary>
    /// <param name="qkv">[tokens, 3H].</param>
    /// <param name="context">Result [tokens, H].</param>
    /// <param name="logSumExp">Result [heads, tokens].</param>
    public void Forward(ArrayView<float> qkv, ArrayView<float> context, ArrayView<float> logSumExp) =>
        forward(Config(forwardTiles), qkv, forwardTiles.View, logSumExp, context, sizes, draw, 1f, 0f);

    /// <summary>The backward pass.</summary>
    /// <param name="qkv">[tokens, 3H].</param>
    /// <param name="context">[tokens, H].</param>
    /// <param name="contextGradient">[tokens, H].</param>
    /// <param name="logSumExp">[heads, tokens].</param>
    /// <param name="qkvGradient">Result [tokens, 3H].</param>
    public void Backward(
        ArrayView<float> qkv, ArrayView<float> context, ArrayView<float> contextGradient, ArrayView<float> logSumExp, ArrayView<float> qkvGradient) =>
        backward(Config(backwardTiles), qkv, backwardTiles.View, contextGradient, context, qkvGradient, logSumExp, sizes, draw, 1f);

    /// <inheritdoc/>
    public void Dispose()
    {
        forwardTiles.Dispose();
        backwardTiles.Dispose();
    }

    private static ReorderedAttention Load<TShape>(ComputeDevice device, int heads, int headSize, int[] sequenceOffsets, DropoutState dropout)
        where TShape : struct, IAttentionPanel => new(
            device,
            heads,
            headSize,
            sequenceOffsets,
            dropout,
            default(TShape).Lanes,
            device.Accelerator.LoadStreamKernel<
                ArrayView<float>, ArrayView<int>, ArrayView<float>, ArrayView<float>, AttentionArguments, DropoutDraw, float, float>(
                ReorderedAttentionForward.Run<TShape>),
            device.Accelerator.LoadStreamKernel<
                ArrayView<float>, ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, AttentionArguments, DropoutDraw, float>(
                ReorderedAttentionBackward.Run<TShape>));

    private KernelConfig Config(AttentionTileList tiles) => new(new Index3D(tiles.Count, sizes.Heads, 1), new Index3D(lanes, 1, 1));
}
