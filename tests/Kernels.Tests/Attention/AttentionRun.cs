using Engine.Compute;
using ILGPU.Runtime;

namespace Engine.Kernels.Tests;

/// <summary>The results of attention, forward and backward, on a device.</summary>
internal sealed record AttentionRun(float[] Context, float[] LogSumExp, float[] Gradient)
{
    // ILGPU forgets kernels that nothing refers to, and would compile them again for every test.
    private static readonly List<Attention> Kept = [];

    /// <summary>Runs it once.</summary>
    public static AttentionRun Of(
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
        var tokens = offsets[^1];
        var width = heads * headSize;
        using var attention = new Attention(device, heads, headSize, tokens, offsets.Length - 1, shape);
        using var qkvBuffer = device.Accelerator.Allocate1D(qkv);
        using var contextBuffer = device.Accelerator.Allocate1D<float>(tokens * width);
        using var contextGradientBuffer = device.Accelerator.Allocate1D(contextGradient);
        using var logSumExpBuffer = device.Accelerator.Allocate1D<float>(heads * tokens);
        using var gradientBuffer = device.Accelerator.Allocate1D<float>(tokens * 3 * width);

        // What is not written must show.
        contextBuffer.MemSet(0xFF);
        logSumExpBuffer.MemSet(0xFF);
        gradientBuffer.MemSet(0xFF);
        Kept.Add(attention);
        attention.Prepare(offsets);
        attention.Forward(qkvBuffer.View, contextBuffer.View, logSumExpBuffer.View, tokens, dropout, tokenBase);
        attention.Backward(
            qkvBuffer.View, contextBuffer.View, contextGradientBuffer.View, logSumExpBuffer.View, gradientBuffer.View, tokens, dropout, tokenBase);
        device.Synchronize();
        return new AttentionRun(contextBuffer.GetAsArray1D(), logSumExpBuffer.GetAsArray1D(), gradientBuffer.GetAsArray1D());
    }
}
