using Engine.Compute;

namespace Engine.Kernels;

/// <summary>The self-test's cases of attention: forward and backward in every shape and width, whichever the device would choose.</summary>
internal static class AttentionCases
{
    private static readonly Variant[] Variants =
    [
        Panel<AttentionPanel16>("panels of 16"),
        Panel<AttentionPanel8>("panels of 8"),
        Panel<AttentionPanel4>("panels of 4"),
        Block<AttentionBlock32>("blocks of 32"),
        Block<WideAttentionBlock32>("blocks of 32 for large heads"),
        Block<AttentionBlock16>("blocks of 16"),
        Block<WideAttentionBlock8>("blocks of 8 for large heads"),
    ];

    /// <summary>All cases.</summary>
    /// <param name="small">Whether the device needs small sizes.</param>
    public static IEnumerable<SelfTestCase> All(bool small)
    {
        foreach (var variant in Variants)
        {
            // Sequences of one token, about a tile and beyond one; heads that are no multiple of a vector, and the largest.
            AttentionSize[] sizes = small
                ? [new(2, 8, 0f, 1, 2, 15), new(1, 5, 0.1f, 17, 3)]
                : [new(3, 16, 0f, 1, 15, 17, 33, 129), new(2, 20, 0.1f, 31, 2, 65), new(1, variant.MaxHeadSize, 0.25f, 130, 1)];
            yield return variant.Case("forward", [variant.Kernels[0]], sizes, (checks, size) => checks.Forward(size));
            yield return variant.Case("backward", variant.Kernels[1..], sizes, (checks, size) => checks.Backward(size));
        }
    }

    private static Variant Panel<TTile>(string name)
        where TTile : struct, IAttentionPanel
    {
        var (tile, lanes) = (typeof(TTile).Name, default(TTile).Lanes);
        return new Variant(
            name,
            [$"{nameof(AttentionPanelForward)}.Forward<{tile}>", $"{nameof(AttentionPanelBackward)}.Backward<{tile}>"],
            lanes, AttentionPanels.SharedBytes, lanes, Attention.MaxHeadSize, (device, _, _) => new PanelAttention<TTile>(device));
    }

    private static Variant Block<TTile>(string name)
        where TTile : struct, IAttentionBlock
    {
        var tile = typeof(TTile).Name;
        return new Variant(
            name,
            [
                $"{nameof(AttentionBlockForward)}.Forward<{tile}>",
                $"{nameof(AttentionBlockBackward)}.QueryGradient<{tile}>",
                $"{nameof(AttentionBlockBackward)}.KeyValueGradient<{tile}>",
            ],
            BlockAttention<TTile>.Threads, BlockAttention<TTile>.SharedBytes, 0, default(TTile).HeadWidth, (device, heads, tokens) => new BlockAttention<TTile>(device, heads, tokens));
    }

    /// <summary>One set of kernels, the forward pass's first.</summary>
    private sealed record Variant(
        string Name, string[] Kernels, int GroupSize, int SharedBytes, int ShuffledLanes, int MaxHeadSize, Func<ComputeDevice, int, int, IAttentionKernels> Make)
    {
        public SelfTestCase Case(string operation, string[] kernels, AttentionSize[] sizes, Action<AttentionChecks, AttentionSize> check) =>
            SelfTestCase.Of($"attention {operation}, {Name}", kernels, sizes, (device, comparison) => new AttentionChecks(device, comparison, Open), check) with
            {
                Obstacle = device => DeviceLimits.Obstacle(device.Tiles, GroupSize, SharedBytes, ShuffledLanes),
                IsNeeded = device => new[] { 1, Attention.MaxHeadSize }.Any(
                    headSize => Attention.KernelsFor(device, AttentionShape.Automatic, 1, headSize, 1).GetType() == Make(device, 1, 1).GetType()),
            };

        private Attention Open(ComputeDevice device, int heads, int headSize, int maxTokens, int maxSequences) =>
            new(device, heads, headSize, maxTokens, maxSequences, Make(device, heads, maxTokens));
    }
}
