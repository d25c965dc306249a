using Engine.Benchmarks.SideBySide;
using Engine.Compute;
using Engine.Kernels;
using ILGPU;
using ILGPU.Runtime;
using Launch = System.Action<
    ILGPU.KernelConfig,
    ILGPU.ArrayView<float>,
    ILGPU.ArrayView<float>,
    ILGPU.ArrayView<float>,
    Engine.Benchmarks.Variants.ReorderedSizes,
    float,
    float>;

namespace Engine.Benchmarks.Variants;

/// <summary>Loads and launches <see cref="ReorderedProduct"/>.</summary>
internal sealed class ReorderedGemm
{
    private const float Scale = 1f;
    private const float Ceiling = 1e30f;
    private readonly PanelPlan plan;
    private readonly int width;
    private readonly Launch forward;
    private readonly Launch dataGradient;
    private readonly Launch weightGradient;

    private ReorderedGemm(ComputeDevice device, IPanelTile tile, Launch forward, Launch dataGradient, Launch weightGradient)
    {
        plan = new PanelPlan(tile, device.Accelerator.NumMultiprocessors);
        width = tile.Width;
        this.forward = forward;
        this.dataGradient = dataGradient;
        this.weightGradient = weightGradient;
    }

    /// <summary>Loads the kernels for a device's vectors.</summary>
    /// <param name="device">The device.</param>
    /// <returns>The products.</returns>
    public static ReorderedGemm Load(ComputeDevice device) => device.Tiles.RowGroupSize switch
    {
        >= 16 => Load<OddTile16>(device),
        >= 8 => Load<OddTile8>(device),
        _ => Load<OddTile4>(device),
    };

    /// <summary>Computes a product of a linear layer.</summary>
    /// <param name="product">Which.</param>
    /// <param name="left">The left operand.</param>
    /// <param name="right">The right operand.</param>
    /// <param name="result">The result.</param>
    public void Run(BertProduct product, ArrayView<float> left, ArrayView<float> right, ArrayView<float> result)
    {
        var (m, n, k) = (product.Tokens, product.Outputs, product.Inputs);
        var (sizes, launch) = product.Form switch
        {
            GemmForm.Forward => (new GemmSizes(m, n, k), forward),
            GemmForm.DataGradient => (new GemmSizes(m, k, n), dataGradient),
            _ => (new GemmSizes(k, n, m), weightGradient),
        };
        var (rows, columns) = plan.Choose(sizes, product.Form == GemmForm.DataGradient);
        columns = Math.Min(columns, ReorderedProduct.MostColumns);

        // As the original: copying costs time, but rows a multiple of 4,096 bytes apart push each other out of the cache, and columns are pages apart.
        var inPlace = product.Form == GemmForm.WeightGradient ? sizes.Depth <= 64 : sizes.Depth % 1024 != 0;
        var grid = new Index3D((sizes.Columns + columns - 1) / columns, (sizes.Rows + rows - 1) / rows, 1);
        launch(
            new KernelConfig(grid, new Index3D(width, 1, 1)),
            left,
            right,
            result,
            new ReorderedSizes(sizes.Columns, sizes.Rows, sizes.Depth, columns, rows, inPlace ? 1 : 0),
            Scale,
            Ceiling);
    }

    private static ReorderedGemm Load<TShape>(ComputeDevice device)
        where TShape : struct, IPanelTile
    {
        var accelerator = device.Accelerator;
        return new ReorderedGemm(
            device,
            default(TShape),
            accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>, ReorderedSizes, float, float>(ReorderedProduct.Plain<TShape>),
            accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>, ReorderedSizes, float, float>(ReorderedProduct.RightTransposed<TShape>),
            accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>, ReorderedSizes, float, float>(ReorderedProduct.LeftTransposed<TShape>));
    }
}
