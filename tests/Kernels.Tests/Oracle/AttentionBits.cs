namespace Engine.Kernels.Tests;

/// <summary>Attention of the shape that the device's sizes choose, forward and backward.</summary>
internal static class AttentionBits
{
    public static IReadOnlyList<BitsOperation> All { get; } = [new("attention", Attention)];

    private static void Attention(BitsRun run)
    {
        var dropout = new DropoutState(0.1f, 7, 3, 1);
        Attention(run, [0, 3, 10], 2, 20, dropout);
        Attention(run, [0, 7], 1, 32, DropoutState.Off);

        // A head wider than most tiles take.
        Attention(run, [0, 5], 1, 68, dropout);

        // Longer than a tile of keys.
        Attention(run, [0, 1, AttentionPanels.KeyTile + 4], 1, 4, dropout);
    }

    private static void Attention(BitsRun run, int[] offsets, int heads, int headSize, DropoutState dropout)
    {
        var tokens = offsets[^1];
        var width = heads * headSize;
        var attention = run.Keep(new Attention(run.Device, heads, headSize, tokens, offsets.Length - 1));
        var (qkv, context, logSumExp) = (run.In(tokens * 3 * width, 2f), run.Out(tokens * width), run.Out(heads * tokens));
        attention.Prepare(offsets);
        attention.Forward(qkv, context, logSumExp, tokens, dropout, 11);
        attention.Backward(qkv, context, run.In(tokens * width), logSumExp, run.Out(tokens * 3 * width), tokens, dropout, 11);
    }
}
