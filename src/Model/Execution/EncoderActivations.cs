namespace Engine.Model;

/// <summary>
/// What the encoder leaves in memory, planned for the largest batch. In training every layer keeps what its backward pass reads; otherwise
/// all layers share one set and the states alternate between two places.
/// </summary>
internal sealed class EncoderActivations
{
    /// <summary>Reserves places in an arena.</summary>
    /// <param name="arena">Where.</param>
    /// <param name="configuration">The model's shape.</param>
    /// <param name="limits">The largest batch.</param>
    /// <param name="training">Whether a backward pass is to come.</param>
    /// <param name="keepStates">Whether the states of all layers are kept without training too.</param>
    public EncoderActivations(DeviceArena arena, BertConfiguration configuration, BatchLimits limits, bool training, bool keepStates)
    {
        long tokens = limits.MaxTokens;
        long states = tokens * configuration.HiddenSize;
        long wide = tokens * configuration.IntermediateSize;
        int layers = configuration.LayerCount;

        EmbeddingSum = arena.Reserve(states);
        EmbeddingMean = arena.Reserve(tokens);
        EmbeddingScale = arena.Reserve(tokens);
        Hidden = new ArenaPlace[layers + 1];
        for (int i = 0; i <= layers; i++)
            Hidden[i] = training || keepStates || i < 2 ? arena.Reserve(states) : Hidden[i - 2];
        Layers = new LayerActivations[layers];
        for (int i = 0; i < layers; i++)
            Layers[i] = training || i == 0 ? new LayerActivations(arena, configuration, tokens, training) : Layers[0];
        FirstContext = arena.Reserve((long)limits.MaxSequences * configuration.HiddenSize);
        FirstInput = arena.Reserve((long)limits.MaxSequences * configuration.HiddenSize);
        if (training)
        {
            StateGradient = arena.Reserve(states);
            SumGradient = arena.Reserve(states);
            InputGradient = arena.Reserve(states);
            WideGradient = arena.Reserve(Math.Max(wide, 3 * states));
        }

        // Each layer's replaces that of the layer before: the backward pass computes it once more. It alone has another use for WideGradient.
        Intermediate = WideGradient ?? Layers[0].Preactivation;
    }

    /// <summary>Word + position + segment, [tokens, hidden].</summary>
    public ArenaPlace EmbeddingSum { get; }

    /// <summary>Its rows' means, [tokens].</summary>
    public ArenaPlace EmbeddingMean { get; }

    /// <summary>Its rows' reciprocal standard deviations, [tokens].</summary>
    public ArenaPlace EmbeddingScale { get; }

    /// <summary>The states, [tokens, hidden]: 0 is the embedding's output, i + 1 that of layer i.</summary>
    public ArenaPlace[] Hidden { get; }

    /// <summary>What is inside the layers.</summary>
    public LayerActivations[] Layers { get; }

    /// <summary>In the forward pass: a layer's feed-forward layer after its GELU, [tokens, intermediate].</summary>
    public ArenaPlace Intermediate { get; }

    /// <summary>Attention's output in the last layer for the first token of every sequence, [sequences, hidden].</summary>
    public ArenaPlace FirstContext { get; }

    /// <summary>The last layer's input for the first token of every sequence, [sequences, hidden].</summary>
    public ArenaPlace FirstInput { get; }

    /// <summary>In training: the gradient of the states, [tokens, hidden].</summary>
    public ArenaPlace? StateGradient { get; }

    /// <summary>In training: the gradient of a residual sum, [tokens, hidden].</summary>
    public ArenaPlace? SumGradient { get; }

    /// <summary>In training: the gradient of a dense layer's output under its dropout, [tokens, hidden].</summary>
    public ArenaPlace? InputGradient { get; }

    /// <summary>In training: the gradient of the intermediate layer or of query, key and value.</summary>
    public ArenaPlace? WideGradient { get; }
}

/// <summary>What one encoder layer leaves in memory.</summary>
internal sealed class LayerActivations
{
    /// <summary>Reserves places in an arena.</summary>
    public LayerActivations(DeviceArena arena, BertConfiguration configuration, long tokens, bool training)
    {
        long states = tokens * configuration.HiddenSize;
        long wide = tokens * configuration.IntermediateSize;
        Qkv = arena.Reserve(3 * states);
        Context = arena.Reserve(states);
        LogSumExp = arena.Reserve(tokens * configuration.HeadCount);
        ContextSum = arena.Reserve(states);
        ContextMean = arena.Reserve(tokens);
        ContextScale = arena.Reserve(tokens);
        ContextNorm = arena.Reserve(states);
        Preactivation = arena.Reserve(wide);
        OutputSum = training ? arena.Reserve(states) : ContextSum;
        OutputMean = arena.Reserve(tokens);
        OutputScale = arena.Reserve(tokens);
    }

    /// <summary>Query, key and value, [tokens, 3 hidden].</summary>
    public ArenaPlace Qkv { get; }

    /// <summary>Attention's output, [tokens, hidden].</summary>
    public ArenaPlace Context { get; }

    /// <summary>The logarithms of attention's denominators, [heads, tokens].</summary>
    public ArenaPlace LogSumExp { get; }

    /// <summary>The layer's input + the dense layer after attention, [tokens, hidden].</summary>
    public ArenaPlace ContextSum { get; }

    /// <summary>Its rows' means, [tokens].</summary>
    public ArenaPlace ContextMean { get; }

    /// <summary>Its rows' reciprocal standard deviations, [tokens].</summary>
    public ArenaPlace ContextScale { get; }

    /// <summary>Its layer norm, [tokens, hidden].</summary>
    public ArenaPlace ContextNorm { get; }

    /// <summary>The feed-forward layer before its GELU, [tokens, intermediate]; the backward pass leaves it after its GELU.</summary>
    public ArenaPlace Preactivation { get; }

    /// <summary><see cref="ContextNorm"/> + the layer's last dense layer, [tokens, hidden].</summary>
    public ArenaPlace OutputSum { get; }

    /// <summary>Its rows' means, [tokens].</summary>
    public ArenaPlace OutputMean { get; }

    /// <summary>Its rows' reciprocal standard deviations, [tokens].</summary>
    public ArenaPlace OutputScale { get; }
}
