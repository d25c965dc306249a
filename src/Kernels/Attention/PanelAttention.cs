using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>Loads and launches <see cref="AttentionPanelForward"/> and <see cref="AttentionPanelBackward"/>.</summary>
/// <typeparam name="TTile">The tile's constants.</typeparam>
internal sealed class PanelAttention<TTile>(ComputeDevice device) : IAttentionKernels
    where TTile : struct, IAttentionPanel
{
    private Action<KernelConfig, ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<float>, AttentionArguments, DropoutDraw>? forward;

    private Action<
        KernelConfig,
        ArrayView<int>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        AttentionArguments,
        DropoutDraw>? backward;

    /// <inheritdoc/>
    public int ForwardQueries => AttentionPanelForward.QueryBlock;

    /// <inheritdoc/>
    public int BackwardTokens => int.MaxValue;

    /// <inheritdoc/>
    public void Forward(
        AttentionTileList tiles,
        ArrayView<float> qkv,
        ArrayView<float> context,
        ArrayView<float> logSumExp,
        AttentionArguments arguments,
        DropoutDraw draw)
    {
        forward ??= device.LoadOnce(AttentionPanelForward.Forward<TTile>, KernelLoaders.LoadStreamKernel);
        forward(Config(tiles, arguments), tiles.View, qkv, context, logSumExp, arguments, draw);
    }

    /// <inheritdoc/>
    public void Backward(AttentionTileList tiles, in AttentionGradientViews views, AttentionArguments arguments, DropoutDraw draw)
    {
        backward ??= device.LoadOnce(AttentionPanelBackward.Backward<TTile>, KernelLoaders.LoadStreamKernel);
        backward(
            Config(tiles, arguments),
            tiles.View,
            views.Qkv,
            views.Context,
            views.ContextGradient,
            views.LogSumExp,
            views.QkvGradient,
            arguments,
            draw);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Kernels belong to the accelerator.
    }

    // All heads of a tile one after another: they read the same pages.
    private static KernelConfig Config(AttentionTileList tiles, AttentionArguments arguments) =>
        new(new Index3D(tiles.Count * arguments.Heads, 1, 1), new Index3D(default(TTile).Lanes, 1, 1));
}
