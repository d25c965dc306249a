using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>Loads and launches <see cref="TiledKernels"/>.</summary>
/// <typeparam name="TTile">The tile's constants.</typeparam>
internal sealed class TiledGemm<TTile>(ComputeDevice device) : IGemmKernels
    where TTile : struct, ITiledTile
{
    private static readonly int TileSide = default(TTile).Side * 4;

    private readonly Lazy<Action<KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, TiledArguments>> forward =
        new(() => device.LoadOnce(TiledKernels.Forward<TTile>, KernelLoaders.LoadStreamKernel));

    private readonly Lazy<Action<KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, TiledArguments>> forwardTransposed =
        new(() => device.LoadOnce(TiledKernels.ForwardTransposed<TTile>, KernelLoaders.LoadStreamKernel));

    private readonly Lazy<Action<KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, TiledArguments>>
        forwardGeluErf = new(() => device.LoadOnce(TiledKernels.ForwardGeluErf<TTile>, KernelLoaders.LoadStreamKernel));

    private readonly Lazy<Action<KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, TiledArguments>>
        forwardGeluTanh = new(() => device.LoadOnce(TiledKernels.ForwardGeluTanh<TTile>, KernelLoaders.LoadStreamKernel));

    private readonly Lazy<Action<KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, TiledArguments>> dataGradient =
        new(() => device.LoadOnce(TiledKernels.DataGradient<TTile>, KernelLoaders.LoadStreamKernel));

    private readonly Lazy<Action<KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, TiledArguments>> weightGradient =
        new(() => device.LoadOnce(TiledKernels.WeightGradient<TTile>, KernelLoaders.LoadStreamKernel));

    /// <inheritdoc/>
    public void Forward(
        ArrayView<float> left,
        ArrayView<float> right,
        ArrayView<float> bias,
        ArrayView<float> result,
        GemmSizes sizes,
        bool hasBias) =>
        forward.Value(Config(sizes), left, right, bias, result, Arguments(sizes, false, hasBias));

    /// <inheritdoc/>
    public void ForwardTransposed(
        ArrayView<float> left,
        ArrayView<float> right,
        ArrayView<float> bias,
        ArrayView<float> result,
        GemmSizes sizes,
        bool hasBias) =>
        forwardTransposed.Value(Config(sizes), left, right, bias, result, Arguments(sizes, false, hasBias));

    /// <inheritdoc/>
    public void ForwardGelu(
        ArrayView<float> left,
        ArrayView<float> right,
        ArrayView<float> bias,
        ArrayView<float> preactivation,
        ArrayView<float> result,
        GemmSizes sizes,
        bool hasBias,
        GeluForm form) =>
        (form == GeluForm.Erf ? forwardGeluErf : forwardGeluTanh).Value(
            Config(sizes), left, right, bias, preactivation, result, Arguments(sizes, false, hasBias));

    /// <inheritdoc/>
    public void RightTransposed(ArrayView<float> left, ArrayView<float> right, ArrayView<float> result, GemmSizes sizes, bool accumulate) =>
        dataGradient.Value(Config(sizes), left, right, result, Arguments(sizes, accumulate, false));

    /// <inheritdoc/>
    public void LeftTransposed(ArrayView<float> left, ArrayView<float> right, ArrayView<float> result, GemmSizes sizes, bool accumulate) =>
        weightGradient.Value(Config(sizes), left, right, result, Arguments(sizes, accumulate, false));

    private static KernelConfig Config(GemmSizes sizes) => new(
        new Index3D((sizes.Columns + TileSide - 1) / TileSide, (sizes.Rows + TileSide - 1) / TileSide, 1),
        new Index3D(default(TTile).Side * default(TTile).Side, 1, 1));

    private static TiledArguments Arguments(GemmSizes sizes, bool accumulate, bool hasBias) =>
        new(sizes.Rows, sizes.Columns, sizes.Depth, accumulate ? 1 : 0, hasBias ? 1 : 0);
}
