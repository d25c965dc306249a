using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>Loads and launches <see cref="AttentionBlockForward"/> and <see cref="AttentionBlockBackward"/>.</summary>
/// <typeparam name="TTile">The tile's constants.</typeparam>
internal sealed class BlockAttention<TTile>(ComputeDevice device, int heads, int maxTokens) : IAttentionKernels
    where TTile : struct, IAttentionBlock
{
    private readonly DeviceScratch<float> deltas = new(device);
    private Action<KernelConfig, ArrayView<int>, ArrayView<float>, ArrayView<float>, ArrayView<float>, AttentionArguments, DropoutDraw>? forward;

    private Action<
        KernelConfig,
        ArrayView<int>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        AttentionArguments,
        DropoutDraw>? queryGradient;

    private Action<
        KernelConfig,
        ArrayView<int>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        ArrayView<float>,
        AttentionArguments,
        DropoutDraw>? keyValueGradient;

    /// <summary>Threads of a group.</summary>
    public static int Threads => default(TTile).Side * default(TTile).Side;

    /// <summary>Shared memory of the kernel that takes most of it, <see cref="AttentionBlockBackward.KeyValueGradient"/>, in bytes.</summary>
    public static int SharedBytes => ((3 * AttentionBlocks.SquareFloats<TTile>()) + (2 * AttentionBlocks.WideFloats<TTile>())) * sizeof(float);

    /// <inheritdoc/>
    public int ForwardQueries => default(TTile).Side * 4;

    /// <inheritdoc/>
    public int BackwardTokens => default(TTile).Side * 4;

    /// <summary>Whether heads of a size fit into the tile, and the tile into a device.</summary>
    public static bool Fits(TileTable tiles, int headSize) =>
        headSize <= default(TTile).HeadWidth && tiles.MaxGroupSize >= Threads && tiles.SharedMemoryBytes >= SharedBytes;

    /// <inheritdoc/>
    public void Forward(
        AttentionTileList tiles,
        ArrayView<float> qkv,
        ArrayView<float> context,
        ArrayView<float> logSumExp,
        AttentionArguments arguments,
        DropoutDraw draw)
    {
        forward ??= device.LoadOnce(AttentionBlockForward.Forward<TTile>, KernelLoaders.LoadStreamKernel);
        forward(Config(tiles, arguments), tiles.View, qkv, context, logSumExp, arguments, draw);
    }

    /// <inheritdoc/>
    public void Backward(AttentionTileList tiles, in AttentionGradientViews views, AttentionArguments arguments, DropoutDraw draw)
    {
        queryGradient ??= device.LoadOnce(AttentionBlockBackward.QueryGradient<TTile>, KernelLoaders.LoadStreamKernel);
        keyValueGradient ??= device.LoadOnce(AttentionBlockBackward.KeyValueGradient<TTile>, KernelLoaders.LoadStreamKernel);
        var delta = deltas.Take((long)heads * maxTokens);
        queryGradient(
            Config(tiles, arguments),
            tiles.View,
            views.Qkv,
            views.Context,
            views.ContextGradient,
            views.LogSumExp,
            delta,
            views.QkvGradient,
            arguments,
            draw);
        keyValueGradient(
            Config(tiles, arguments), tiles.View, views.Qkv, views.ContextGradient, views.LogSumExp, delta, views.QkvGradient, arguments, draw);
    }

    /// <inheritdoc/>
    public void Dispose() => deltas.Dispose();

    // All heads of a tile one after another: they read the same pages.
    private static KernelConfig Config(AttentionTileList tiles, AttentionArguments arguments) =>
        new(new Index3D(tiles.Count * arguments.Heads, 1, 1), new Index3D(Threads, 1, 1));
}
