using Engine.Compute;

namespace Engine.Kernels;

/// <summary>The self-test's cases of matrix products: every product in every shape and width of tile, whichever the device would choose.</summary>
internal static class GemmCases
{
    private static readonly Variant[] Variants =
    [
        new("panels of 16", nameof(PanelKernels), nameof(PanelTile16), 16, PanelProduct.SharedBytes, device => new PanelGemm<PanelTile16>(device)),
        new("panels of 8", nameof(PanelKernels), nameof(PanelTile8), 8, PanelProduct.SharedBytes, device => new PanelGemm<PanelTile8>(device)),
        new("panels of 4", nameof(PanelKernels), nameof(PanelTile4), 4, PanelProduct.SharedBytes, device => new PanelGemm<PanelTile4>(device)),
        new("tiles of 64", nameof(TiledKernels), nameof(TiledTile64), 256, TiledKernels.SharedBytes, device => new TiledGemm<TiledTile64>(device)),
        new("tiles of 32", nameof(TiledKernels), nameof(TiledTile32), 64, TiledKernels.SharedBytes, device => new TiledGemm<TiledTile32>(device)),
        new("tiles of 16", nameof(TiledKernels), nameof(TiledTile16), 16, TiledKernels.SharedBytes, device => new TiledGemm<TiledTile16>(device)),
    ];

    /// <summary>All cases.</summary>
    /// <param name="small">Whether the device needs small sizes.</param>
    public static IEnumerable<SelfTestCase> All(bool small)
    {
        // Below a tile; beyond one in each direction, and beyond the 384 steps of the reduction that panels are cut at; reductions of 1,024 steps, for which
        // panels copy their left operand; few rows of whole panels.
        LayerSize[] sizes = small ? [new(3, 2, 5), new(13, 40, 20)] : [new(3, 2, 5), new(65, 95, 385), new(5, 33, 1024), new(5, 1024, 33), new(39, 96, 400)];
        foreach (var variant in Variants)
        {
            yield return variant.Case("forward", "Forward", sizes, (checks, size) => checks.Forward(size));
            yield return variant.Case("forward, weight by outputs", "ForwardTransposed", sizes, (checks, size) => checks.ForwardTransposed(size));
            yield return variant.Case("forward with gelu", "ForwardGeluErf", sizes, (checks, size) => checks.ForwardGelu(size, GeluForm.Erf));
            yield return variant.Case("forward with gelu (tanh)", "ForwardGeluTanh", sizes, (checks, size) => checks.ForwardGelu(size, GeluForm.Tanh));
            yield return variant.Case("data gradient", "DataGradient", sizes, (checks, size) => checks.DataGradient(size));
            yield return variant.Case("weight gradient", "WeightGradient", sizes, (checks, size) => checks.WeightGradient(size));
        }
    }

    /// <summary>One set of kernels.</summary>
    private sealed record Variant(string Name, string Kernels, string Tile, int GroupSize, int SharedBytes, Func<ComputeDevice, IGemmKernels> Make)
    {
        public SelfTestCase Case(string operation, string kernel, LayerSize[] sizes, Action<GemmChecks, LayerSize> check) =>
            SelfTestCase.Of(
                $"gemm {operation}, {Name}",
                [$"{Kernels}.{kernel}<{Tile}>"],
                sizes,
                (device, comparison) => new GemmChecks(device, comparison, new Gemm(device, Make(device))),
                check) with
            {
                Obstacle = device => DeviceLimits.Obstacle(device.Tiles, GroupSize, SharedBytes),
                IsNeeded = device => Gemm.KernelsFor(device, GemmShape.Automatic).GetType() == Make(device).GetType(),
            };
    }
}
