using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>Loads and launches <see cref="PanelKernels"/>.</summary>
/// <typeparam name="TTile">The tile's constants.</typeparam>
internal sealed class PanelGemm<TTile>(ComputeDevice device) : IGemmKernels
    where TTile : struct, IPanelTile
{
    private readonly PanelPlan plan = new(default(TTile), device.Accelerator.NumMultiprocessors);

    private readonly Lazy<Action<KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, PanelArguments>> forward =
        new(() => device.LoadOnce(PanelKernels.Forward<TTile>, KernelLoaders.LoadStreamKernel));

    private readonly Lazy<Action<KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, PanelArguments>> forwardTransposed =
        new(() => device.LoadOnce(PanelKernels.ForwardTransposed<TTile>, KernelLoaders.LoadStreamKernel));

    private readonly Lazy<Action<KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, PanelArguments>>
        forwardGeluErf = new(() => device.LoadOnce(PanelKernels.ForwardGeluErf<TTile>, KernelLoaders.LoadStreamKernel));

    private readonly Lazy<Action<KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>, PanelArguments>>
        forwardGeluTanh = new(() => device.LoadOnce(PanelKernels.ForwardGeluTanh<TTile>, KernelLoaders.LoadStreamKernel));

    private readonly Lazy<Action<KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, PanelArguments>> dataGradient =
        new(() => device.LoadOnce(PanelKernels.DataGradient<TTile>, KernelLoaders.LoadStreamKernel));

    private readonly Lazy<Action<KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, PanelArguments>> weightGradient =
        new(() => device.LoadOnce(PanelKernels.WeightGradient<TTile>, KernelLoaders.LoadStreamKernel));

    /// <inheritdoc/>
    public void Forward(
        ArrayView<float> left,
        ArrayView<float> right,
        ArrayView<float> bias,
        ArrayView<float> result,
        GemmSizes sizes,
        bool hasBias) =>
        forward.Value(Config(sizes, out var arguments, false, hasBias, RowsInPlace(sizes)), left, right, bias, result, arguments);

    /// <inheritdoc/>
    public void ForwardTransposed(
        ArrayView<float> left,
        ArrayView<float> right,
        ArrayView<float> bias,
        ArrayView<float> result,
        GemmSizes sizes,
        bool hasBias) =>
        forwardTransposed.Value(Config(sizes, out var arguments, false, hasBias, RowsInPlace(sizes), rightTransposed: true), left, right, bias, result, arguments);

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
            Config(sizes, out var arguments, false, hasBias, RowsInPlace(sizes)), left, right, bias, preactivation, result, arguments);

    /// <inheritdoc/>
    public void RightTransposed(ArrayView<float> left, ArrayView<float> right, ArrayView<float> result, GemmSizes sizes, bool accumulate) =>
        dataGradient.Value(Config(sizes, out var arguments, accumulate, false, RowsInPlace(sizes), rightTransposed: true), left, right, result, arguments);

    /// <inheritdoc/>
    public void LeftTransposed(ArrayView<float> left, ArrayView<float> right, ArrayView<float> result, GemmSizes sizes, bool accumulate) =>
        weightGradient.Value(Config(sizes, out var arguments, accumulate, false, ColumnsInPlace(sizes)), left, right, result, arguments);

    /// <summary>
    /// Whether tiles of a left operand [rows, depth] are read where they are. Copying costs 5 to 10 % of the time, but rows a multiple of 4,096
    /// bytes apart fall into one set of the first-level cache and push each other out.
    /// </summary>
    private static bool RowsInPlace(GemmSizes sizes) => sizes.Depth % 1024 != 0;

    /// <summary>
    /// Whether tiles of a left operand [depth, rows] are read where they are: a step of the reduction then touches a page of its own, which pays only
    /// while there are few steps.
    /// </summary>
    private static bool ColumnsInPlace(GemmSizes sizes) => sizes.Depth <= 64;

    private KernelConfig Config(GemmSizes sizes, out PanelArguments arguments, bool accumulate, bool hasBias, bool inPlace, bool rightTransposed = false)
    {
        var (rowsPerGroup, columnsPerGroup) = plan.Choose(sizes, rightTransposed);
        var fewRows = rowsPerGroup <= FewRowsProduct.MaxRows && sizes.Columns % (default(TTile).Width * 2) == 0 && sizes.Depth % default(TTile).Width == 0;
        arguments = new(sizes.Rows, sizes.Columns, sizes.Depth, rowsPerGroup, columnsPerGroup, inPlace ? 1 : 0, accumulate ? 1 : 0, hasBias ? 1 : 0, fewRows ? 1 : 0);
        return new KernelConfig(
            new Index3D((sizes.Columns + columnsPerGroup - 1) / columnsPerGroup, (sizes.Rows + rowsPerGroup - 1) / rowsPerGroup, 1),
            new Index3D(default(TTile).Width, 1, 1));
    }
}
