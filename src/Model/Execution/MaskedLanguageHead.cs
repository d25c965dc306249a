using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Model;

/// <summary>
/// From states to the tokens that may stand there: logits = LN(gelu(x W + b)) E^T + c, where E is the table of words (Devlin et al., 2018;
/// google-research/bert, run_pretraining.py, get_masked_lm_output). Computed for the tokens asked for and no others.
/// </summary>
internal sealed class MaskedLanguageHead : IDisposable
{
    /// <summary>Tokens of one call: their logits, a vocabulary each, are what takes memory.</summary>
    public const int MaxTokens = 64;

    private readonly ComputeDevice device;
    private readonly BertConfiguration configuration;
    private readonly ModelKernels kernels;
    private readonly MaskedLanguageViews weights;
    private readonly ArenaPlace states;
    private readonly ArenaPlace transformed;
    private readonly ArenaPlace normalized;
    private readonly ArenaPlace mean;
    private readonly ArenaPlace scale;
    private readonly ArenaPlace logits;
    private readonly MemoryBuffer1D<int, Stride1D.Dense> rows;
    private MemoryBuffer1D<int, Stride1D.Dense>? topTokens;
    private MemoryBuffer1D<float, Stride1D.Dense>? topProbabilities;

    /// <summary>Reserves places for <see cref="MaxTokens"/> tokens.</summary>
    /// <param name="device">The device.</param>
    /// <param name="configuration">The model's shape.</param>
    /// <param name="kernels">The operations.</param>
    /// <param name="blocks">Where the head's parameters are.</param>
    /// <param name="parameters">The parameter arena.</param>
    /// <param name="arena">Where intermediate results are reserved.</param>
    public MaskedLanguageHead(
        ComputeDevice device,
        BertConfiguration configuration,
        ModelKernels kernels,
        MaskedLanguageBlocks blocks,
        ArrayView<float> parameters,
        DeviceArena arena)
    {
        this.device = device;
        this.configuration = configuration;
        this.kernels = kernels;
        weights = blocks.In(parameters);
        long vectors = (long)MaxTokens * configuration.HiddenSize;
        states = arena.Reserve(vectors);
        transformed = arena.Reserve(vectors);
        normalized = arena.Reserve(vectors);
        mean = arena.Reserve(MaxTokens);
        scale = arena.Reserve(MaxTokens);
        logits = arena.Reserve((long)MaxTokens * configuration.VocabularySize);
        rows = device.Accelerator.Allocate1D<int>(MaxTokens);
    }

    /// <summary>[tokens, vocabulary] of the last forward pass.</summary>
    public ArrayView<float> Logits => logits.View;

    /// <summary>Computes <see cref="Logits"/>.</summary>
    /// <param name="hiddenStates">The encoder's states, [tokens of the batch, hidden].</param>
    /// <param name="tokens">Which tokens of the batch, at most <see cref="MaxTokens"/>.</param>
    public void Forward(ArrayView<float> hiddenStates, ReadOnlySpan<int> tokens)
    {
        int count = tokens.Length;
        int hidden = configuration.HiddenSize;
        rows.View.BaseView.SubView(0, count).CopyFromCPU(device.Stream, tokens);
        kernels.RowGather.Take(hiddenStates, rows.View.BaseView, states.View, count, hidden);
        kernels.Gemm.ForwardGelu(
            states.View,
            weights.TransformWeight,
            weights.TransformBias,
            transformed.View,
            transformed.View,
            count,
            hidden,
            hidden,
            configuration.Gelu);
        kernels.LayerNorm.Forward(
            transformed.View,
            default,
            weights.Gamma,
            weights.Beta,
            transformed.View,
            normalized.View,
            mean.View,
            scale.View,
            count,
            Kernels.DropoutState.Off,
            0);
        kernels.Gemm.ForwardTransposed(normalized.View, weights.Decoder, weights.Bias, Logits, count, configuration.VocabularySize, hidden);
    }

    /// <summary>The most probable tokens by <see cref="Logits"/>.</summary>
    /// <param name="tokens">The tokens of the forward pass, a number.</param>
    /// <param name="count">How many candidates are wanted of each, at most the vocabulary.</param>
    /// <returns>[tokens, count] ids and probabilities, most probable first.</returns>
    public (ArrayView<int> Ids, ArrayView<float> Probabilities) Rank(int tokens, int count)
    {
        long length = (long)tokens * count;
        if (topTokens is null || topTokens.Length < length)
        {
            DisposeCandidates();
            topTokens = device.Accelerator.Allocate1D<int>(length);
            topProbabilities = device.Accelerator.Allocate1D<float>(length);
        }

        var ids = topTokens.View.BaseView.SubView(0, length);
        var probabilities = topProbabilities!.View.BaseView.SubView(0, length);
        kernels.TopSoftmax.Run(Logits, ids, probabilities, tokens, configuration.VocabularySize, count);
        return (ids, probabilities);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        rows.Dispose();
        DisposeCandidates();
    }

    private void DisposeCandidates()
    {
        device.Synchronize();
        topTokens?.Dispose();
        topProbabilities?.Dispose();
    }
}
