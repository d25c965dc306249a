using ILGPU;
using ILGPU.Runtime;

namespace Engine.Model;

/// <summary>From the encoder's states to features, logits, probabilities and losses, and back.</summary>
internal sealed class ClassifierHead
{
    private readonly BertConfiguration configuration;
    private readonly HeadOptions? options;
    private readonly ModelKernels kernels;
    private readonly ParameterLayout layout;
    private readonly AcceleratorStream stream;
    private readonly ArrayView<float> parameters;
    private readonly ArrayView<float> gradients;
    private readonly ArenaPlace cls;
    private readonly ArenaPlace features;
    private readonly ArenaPlace dropped;
    private readonly ArenaPlace featureGradient;
    private readonly ArenaPlace logits;
    private readonly ArenaPlace probabilities;
    private readonly ArenaPlace logitGradient;
    private readonly ArenaPlace losses;

    /// <summary>Puts a head together.</summary>
    /// <param name="configuration">The model's shape and head.</param>
    /// <param name="kernels">The operations.</param>
    /// <param name="layout">Where parameters are.</param>
    /// <param name="arena">Where intermediate results are reserved.</param>
    /// <param name="limits">The largest batch.</param>
    /// <param name="stream">The device's stream.</param>
    /// <param name="parameters">The parameter arena.</param>
    /// <param name="gradients">The gradient arena; default where nothing is trained.</param>
    public ClassifierHead(
        BertConfiguration configuration,
        ModelKernels kernels,
        ParameterLayout layout,
        DeviceArena arena,
        BatchLimits limits,
        AcceleratorStream stream,
        ArrayView<float> parameters,
        ArrayView<float> gradients)
    {
        this.configuration = configuration;
        options = configuration.Head;
        this.kernels = kernels;
        this.layout = layout;
        this.stream = stream;
        this.parameters = parameters;
        this.gradients = gradients;
        long states = (long)limits.MaxSequences * configuration.HiddenSize;
        long outputs = (long)limits.MaxSequences * (options?.Outputs ?? 0);
        cls = arena.Reserve(states);
        features = arena.Reserve(states);
        dropped = arena.Reserve(states);
        featureGradient = arena.Reserve(gradients.IsValid ? states : 0);
        logits = arena.Reserve(outputs);
        probabilities = arena.Reserve(outputs);
        logitGradient = arena.Reserve(gradients.IsValid ? outputs : 0);
        losses = arena.Reserve(limits.MaxSequences);
    }

    /// <summary>One vector a sequence, before dropout, [sequences, hidden].</summary>
    public ArrayView<float> Features => features.View;

    /// <summary>[sequences, outputs].</summary>
    public ArrayView<float> Logits => logits.View;

    /// <summary>[sequences, outputs].</summary>
    public ArrayView<float> Probabilities => probabilities.View;

    /// <summary>[sequences].</summary>
    public ArrayView<float> Losses => losses.View;

    /// <summary>Makes one vector of every sequence's states.</summary>
    /// <param name="states">[tokens, hidden], or [sequences, hidden]: those of first tokens.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="pooling">How.</param>
    /// <param name="firstOnly">Whether <paramref name="states"/> are those of first tokens only.</param>
    public void Pool(ArrayView<float> states, DeviceBatch batch, Pooling pooling, bool firstOnly)
    {
        int hidden = configuration.HiddenSize;
        switch (pooling)
        {
            case Pooling.Mean:
                kernels.MeanPool.Forward(states, batch.SequenceOffsets, Features, batch.Sequences, hidden);
                break;
            case Pooling.Cls:
                First(states, batch, Features, firstOnly);
                break;
            default:
                var (weight, bias) = layout.Pooler ?? throw new InvalidOperationException("The model has no pooler.");
                First(states, batch, cls.View, firstOnly);
                kernels.Gemm.Forward(cls.View, weight.In(parameters), bias.In(parameters), Features, batch.Sequences, hidden, hidden);
                kernels.Activation.TanhForward(Features, Features, batch.Sequences * hidden);
                break;
        }
    }

    /// <summary>Computes logits, probabilities and losses from <see cref="Features"/>.</summary>
    public void Forward(DeviceBatch batch, DropoutSites dropout)
    {
        var head = options!;
        var (weight, bias) = layout.Head!.Value;
        int rows = batch.Sequences;
        var state = dropout.Head(head.Dropout);
        if (state.Enabled)
            kernels.Dropout.Forward(Features, dropped.View, rows, configuration.HiddenSize, state, dropout.SequenceBase);
        kernels.Gemm.Forward(
            state.Enabled ? dropped.View : Features,
            weight.In(parameters),
            bias.In(parameters),
            Logits,
            rows,
            head.Outputs,
            configuration.HiddenSize);
        if (head.IsSigmoid)
            kernels.SigmoidCrossEntropy.Forward(Logits, batch.Targets, Losses, Probabilities, rows, head.Outputs);
        else
            kernels.SoftmaxCrossEntropy.Forward(Logits, batch.Classes, Losses, Probabilities, rows, head.Outputs);
    }

    /// <summary>The gradients of the dense layer, and of <see cref="Features"/> before dropout if the encoder is trained.</summary>
    public void Backward(DeviceBatch batch, DropoutSites dropout, float scale, bool accumulate, bool toFeatures)
    {
        var head = options!;
        var (weight, bias) = layout.Head!.Value;
        int rows = batch.Sequences;
        int hidden = configuration.HiddenSize;
        var gradient = logitGradient.View;
        if (head.IsSigmoid)
            kernels.SigmoidCrossEntropy.Backward(Logits, batch.Targets, gradient, rows, head.Outputs, scale);
        else
            kernels.SoftmaxCrossEntropy.Backward(Probabilities, batch.Classes, gradient, rows, head.Outputs, scale);
        var state = dropout.Head(head.Dropout);
        kernels.Gemm.WeightGradient(
            state.Enabled ? dropped.View : Features, gradient, weight.In(gradients), rows, head.Outputs, hidden, accumulate);
        kernels.ColumnSum.Run(gradient, bias.In(gradients), rows, head.Outputs, accumulate);
        if (!toFeatures)
            return;
        kernels.Gemm.DataGradient(gradient, weight.In(parameters), featureGradient.View, rows, head.Outputs, hidden, accumulate: false);
        if (state.Enabled)
            kernels.Dropout.Backward(featureGradient.View, featureGradient.View, rows, hidden, state, dropout.SequenceBase);
    }

    /// <summary>Takes the gradient of <see cref="Features"/> back to the states, after <see cref="Backward"/>.</summary>
    /// <param name="stateGradient">[tokens, hidden], or [sequences, hidden] where the states were those of first tokens; overwritten.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="accumulate">Whether the pooler's gradients are added to.</param>
    /// <param name="firstOnly">As in <see cref="Pool"/>.</param>
    public void UnpoolGradient(ArrayView<float> stateGradient, DeviceBatch batch, bool accumulate, bool firstOnly)
    {
        int hidden = configuration.HiddenSize;
        var gradient = featureGradient.View;
        switch (options!.Pooling)
        {
            case Pooling.Mean:
                kernels.MeanPool.Backward(gradient, batch.SequenceOffsets, stateGradient, batch.Sequences, hidden);
                break;
            case Pooling.Cls:
                FirstGradient(gradient, batch, stateGradient, firstOnly);
                break;
            default:
                var (weight, bias) = layout.Pooler!.Value;
                kernels.Activation.TanhBackward(Features, gradient, gradient, batch.Sequences * hidden);
                kernels.Gemm.WeightGradient(cls.View, gradient, weight.In(gradients), batch.Sequences, hidden, hidden, accumulate);
                kernels.ColumnSum.Run(gradient, bias.In(gradients), batch.Sequences, hidden, accumulate);

                // Dropped features are not needed any more: their place takes the gradient of the [CLS] states.
                kernels.Gemm.DataGradient(gradient, weight.In(parameters), dropped.View, batch.Sequences, hidden, hidden, accumulate: false);
                FirstGradient(dropped.View, batch, stateGradient, firstOnly);
                break;
        }
    }

    private void First(ArrayView<float> states, DeviceBatch batch, ArrayView<float> target, bool firstOnly)
    {
        int count = batch.Sequences * configuration.HiddenSize;
        if (firstOnly)
            states.SubView(0, count).CopyTo(stream, target.SubView(0, count));
        else
            kernels.RowGather.Forward(states, batch.SequenceOffsets, target, batch.Sequences, configuration.HiddenSize);
    }

    private void FirstGradient(ArrayView<float> gradient, DeviceBatch batch, ArrayView<float> stateGradient, bool firstOnly)
    {
        int count = batch.Sequences * configuration.HiddenSize;
        if (firstOnly)
            gradient.SubView(0, count).CopyTo(stream, stateGradient.SubView(0, count));
        else
            kernels.RowGather.Backward(gradient, batch.SequenceOffsets, stateGradient, batch.Sequences, configuration.HiddenSize);
    }
}
