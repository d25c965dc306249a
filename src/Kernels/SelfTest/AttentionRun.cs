using Engine.Compute;

namespace Engine.Kernels;

/// <summary>The results of attention on a device.</summary>
/// <param name="Context">[tokens, H].</param>
/// <param name="LogSumExp">[heads, tokens].</param>
/// <param name="Gradient">[tokens, 3H]; empty where there was no backward pass.</param>
internal sealed record AttentionRun(float[] Context, float[] LogSumExp, float[] Gradient)
{
    /// <summary>Runs it once: forward, and backward where a gradient of the context is given.</summary>
    public static AttentionRun Of(
        ComputeDevice device, Attention attention, float[] qkv, float[]? contextGradient, int[] offsets, DropoutState dropout, int tokenBase)
    {
        var tokens = offsets[^1];
        var width = attention.Heads * attention.HeadSize;
        using var buffers = new DeviceBuffers(device);
        var (input, context, logSumExp) = (buffers.Of(qkv), buffers.Out(tokens * width), buffers.Out(attention.Heads * tokens));
        attention.Prepare(offsets);
        attention.Forward(input, context, logSumExp, tokens, dropout, tokenBase);
        float[] gradient = [];
        if (contextGradient is not null)
        {
            var dqkv = buffers.Out(tokens * 3 * width);
            attention.Backward(input, context, buffers.Of(contextGradient), logSumExp, dqkv, tokens, dropout, tokenBase);
            gradient = buffers.Read(dqkv);
        }

        return new AttentionRun(buffers.Read(context), buffers.Read(logSumExp), gradient);
    }
}
