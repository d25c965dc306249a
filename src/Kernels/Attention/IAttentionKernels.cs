using ILGPU;

namespace Engine.Kernels;

/// <summary>One shape of attention, loaded on a device.</summary>
internal interface IAttentionKernels : IDisposable
{
    /// <summary>Gets how many queries of a sequence one group of the forward pass takes.</summary>
    int ForwardQueries { get; }

    /// <summary>Gets how many tokens of a sequence one group of the backward pass takes.</summary>
    int BackwardTokens { get; }

    /// <summary>The forward pass.</summary>
    void Forward(
        AttentionTileList tiles,
        ArrayView<float> qkv,
        ArrayView<float> context,
        ArrayView<float> logSumExp,
        AttentionArguments arguments,
        DropoutDraw draw);

    /// <summary>The backward pass.</summary>
    void Backward(AttentionTileList tiles, in AttentionGradientViews views, AttentionArguments arguments, DropoutDraw draw);
}

/// <summary>The matrices of the backward pass.</summary>
/// <param name="Qkv">[tokens, 3H].</param>
/// <param name="Context">[tokens, H].</param>
/// <param name="ContextGradient">[tokens, H].</param>
/// <param name="LogSumExp">[heads, tokens].</param>
/// <param name="QkvGradient">[tokens, 3H], the result.</param>
internal readonly record struct AttentionGradientViews(
    ArrayView<float> Qkv,
    ArrayView<float> Context,
    ArrayView<float> ContextGradient,
    ArrayView<float> LogSumExp,
    ArrayView<float> QkvGradient);

/// <summary>Sizes as the kernels take them.</summary>
/// <param name="tokens">Tokens of the batch.</param>
/// <param name="heads">Number of heads.</param>
/// <param name="headSize">Size of a head.</param>
/// <param name="tokenBase">Number of the first token in the logical batch.</param>
/// <param name="scale">Factor of the scores, 1 / sqrt(headSize).</param>
internal readonly struct AttentionArguments(int tokens, int heads, int headSize, int tokenBase, float scale)
{
    /// <summary>Calls of the random generator that are set aside for a head: keys up to 262,144.</summary>
    private const int CallsPerHead = 1 << 16;

    /// <summary>Tokens of the batch.</summary>
    public readonly int Tokens = tokens;

    /// <summary>Number of heads.</summary>
    public readonly int Heads = heads;

    /// <summary>Size of a head.</summary>
    public readonly int HeadSize = headSize;

    /// <summary>Number of the first token in the logical batch.</summary>
    public readonly int TokenBase = tokenBase;

    /// <summary>Factor of the scores.</summary>
    public readonly float Scale = scale;

    /// <summary>Gets the columns of the hidden state, H.</summary>
    public int Width => Heads * HeadSize;

    /// <summary>The call of the random generator that serves a key.</summary>
    /// <param name="head">The head.</param>
    /// <param name="key">The key's position in its sequence.</param>
    public static int DropoutCall(int head, int key) => head * CallsPerHead + DropoutDraw.CallOf(key);
}
