using Engine.Compute;

namespace Engine.Kernels.Tests;

/// <summary>Attention in one of its shapes, run once.</summary>
internal static class TestAttention
{
    // ILGPU forgets kernels that nothing refers to, and would compile them again for every test.
    private static readonly List<Attention> Kept = [];

    /// <summary>Forward and backward.</summary>
    public static AttentionRun Run(
        ComputeDevice device,
        AttentionShape shape,
        float[] qkv,
        float[] contextGradient,
        int[] offsets,
        int heads,
        int headSize,
        DropoutState dropout = default,
        int tokenBase = 0)
    {
        using var attention = new Attention(device, heads, headSize, offsets[^1], offsets.Length - 1, shape);
        Kept.Add(attention);
        return AttentionRun.Of(device, attention, qkv, contextGradient, offsets, dropout, tokenBase);
    }
}
