using Engine.Kernels;
using ILGPU;

namespace Engine.Model;

/// <summary>
/// BERT's encoder, forward and backward, on packed sequences. Layers are post-norm: y = LN(x + dropout(attention(x))),
/// z = LN(y + dropout(W2 gelu(W1 y))) (Devlin et al., 2018; google-research/bert, modeling.py).
/// </summary>
/// <remarks>
/// A head on the [CLS] state needs one state of every sequence. What follows the last layer's attention works row by row, so it can be computed
/// for these rows alone (<see cref="FirstOnly"/>): the same bits for them, and a twelfth of that layer's multiplications in place of three quarters.
/// </remarks>
internal sealed class BertEncoder
{
    private readonly BertConfiguration configuration;
    private readonly ModelKernels kernels;
    private readonly EncoderActivations activations;
    private readonly ParameterLayout layout;
    private readonly ArrayView<float> parameters;
    private readonly ArrayView<float> gradients;
    private readonly LayerViews[] weights;
    private readonly LayerViews[] weightGradients;

    /// <summary>Puts an encoder together.</summary>
    /// <param name="configuration">Its shape.</param>
    /// <param name="kernels">The operations.</param>
    /// <param name="activations">Where intermediate results go.</param>
    /// <param name="layout">Where parameters are.</param>
    /// <param name="parameters">The parameter arena.</param>
    /// <param name="gradients">The gradient arena; default where the encoder is not trained.</param>
    public BertEncoder(
        BertConfiguration configuration,
        ModelKernels kernels,
        EncoderActivations activations,
        ParameterLayout layout,
        ArrayView<float> parameters,
        ArrayView<float> gradients)
    {
        this.configuration = configuration;
        this.kernels = kernels;
        this.activations = activations;
        this.layout = layout;
        this.parameters = parameters;
        this.gradients = gradients;
        weights = [.. layout.Layers.Select(layer => layer.In(parameters))];
        weightGradients = gradients.IsValid ? [.. layout.Layers.Select(layer => layer.In(gradients))] : [];
    }

    /// <summary>The states after the embedding (0) or after a layer (1 and up), [tokens, hidden].</summary>
    public ArrayView<float> Hidden(int index) => activations.Hidden[index].View;

    /// <summary>Whether the last forward pass computed the last layer's states for the first token of every sequence only.</summary>
    public bool FirstOnly { get; private set; }

    /// <summary>The last layer's states, [tokens, hidden]; [sequences, hidden] where <see cref="FirstOnly"/>.</summary>
    public ArrayView<float> Output => Hidden(configuration.LayerCount);

    /// <summary>Where the gradient of <see cref="Output"/> is put before <see cref="Backward"/>, in <see cref="Output"/>'s shape.</summary>
    public ArrayView<float> OutputGradient => activations.StateGradient!.View;

    /// <summary>Computes the states of a batch that was given to <c>Attention.Prepare</c>.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="dropout">The pass's dropout.</param>
    /// <param name="firstOnly">Whether the last layer's states are needed for the first token of every sequence only.</param>
    public void Forward(DeviceBatch batch, DropoutSites dropout, bool firstOnly)
    {
        FirstOnly = firstOnly;
        var a = activations;
        kernels.Embedding.Forward(
            batch.Ids,
            batch.Positions,
            batch.Segments,
            layout.WordTable.In(parameters),
            layout.PositionTable.In(parameters),
            layout.SegmentTable.In(parameters),
            a.EmbeddingSum.View,
            batch.Tokens);
        kernels.LayerNorm.Forward(
            a.EmbeddingSum.View,
            default,
            layout.EmbeddingGamma.In(parameters),
            layout.EmbeddingBeta.In(parameters),
            a.EmbeddingSum.View,
            Hidden(0),
            a.EmbeddingMean.View,
            a.EmbeddingScale.View,
            batch.Tokens,
            DropoutState.Off,
            0);
        var state = dropout.Embedding(configuration.HiddenDropout);
        if (state.Enabled)
            kernels.Dropout.Forward(Hidden(0), Hidden(0), batch.Tokens, configuration.HiddenSize, state, dropout.TokenBase);
        for (int i = 0; i < configuration.LayerCount; i++)
            ForwardLayer(i, batch, dropout, firstOnly && i == configuration.LayerCount - 1);
    }

    /// <summary>
    /// Takes the gradient from <see cref="OutputGradient"/> to all of the encoder's parameters. The batch is the last forward pass's, and was
    /// given to <c>Embedding.Prepare</c>.
    /// </summary>
    public void Backward(DeviceBatch batch, DropoutSites dropout, bool accumulate)
    {
        var a = activations;
        var gradient = OutputGradient;
        var other = a.SumGradient!.View;
        for (int i = configuration.LayerCount - 1; i >= 0; i--)
        {
            bool first = FirstOnly && i == configuration.LayerCount - 1;
            BackwardLayer(i, batch, dropout, accumulate, gradient, other, first);
            if (first)
                (gradient, other) = (other, gradient);
        }

        var state = dropout.Embedding(configuration.HiddenDropout);
        if (state.Enabled)
            kernels.Dropout.Backward(gradient, gradient, batch.Tokens, configuration.HiddenSize, state, dropout.TokenBase);
        kernels.LayerNorm.Backward(
            gradient,
            a.EmbeddingSum.View,
            layout.EmbeddingGamma.In(parameters),
            a.EmbeddingMean.View,
            a.EmbeddingScale.View,
            gradient,
            gradient,
            layout.EmbeddingGamma.In(gradients),
            layout.EmbeddingBeta.In(gradients),
            batch.Tokens,
            DropoutState.Off,
            0,
            accumulate);
        var words = layout.WordTable.In(gradients);
        var positions = layout.PositionTable.In(gradients);
        var segments = layout.SegmentTable.In(gradients);
        if (!accumulate)
            kernels.Embedding.ClearGradients(words, positions, segments);
        kernels.Embedding.Backward(gradient, words, positions, segments);
    }

    private void ForwardLayer(int index, DeviceBatch batch, DropoutSites dropout, bool firstOnly)
    {
        var w = weights[index];
        var a = activations.Layers[index];
        int tokens = batch.Tokens;
        int hidden = configuration.HiddenSize;
        var input = Hidden(index);
        var context = a.Context.View;
        kernels.Gemm.Forward(input, w.QkvWeight, w.QkvBias, a.Qkv.View, tokens, 3 * hidden, hidden);
        kernels.Attention.Forward(
            a.Qkv.View, context, a.LogSumExp.View, tokens, dropout.Attention(index, configuration.AttentionDropout), dropout.TokenBase);
        if (firstOnly)
        {
            kernels.RowGather.Forward(input, batch.SequenceOffsets, activations.FirstInput.View, batch.Sequences, hidden);
            kernels.RowGather.Forward(context, batch.SequenceOffsets, activations.FirstContext.View, batch.Sequences, hidden);
            ForwardRows(index, activations.FirstInput.View, activations.FirstContext.View, batch.Sequences, dropout, dropout.SequenceBase);
        }
        else
        {
            ForwardRows(index, input, context, tokens, dropout, dropout.TokenBase);
        }
    }

    /// <summary>What follows attention in a layer, which works row by row.</summary>
    private void ForwardRows(int index, ArrayView<float> input, ArrayView<float> context, int rows, DropoutSites dropout, int rowBase)
    {
        var w = weights[index];
        var a = activations.Layers[index];
        int hidden = configuration.HiddenSize;
        int wide = configuration.IntermediateSize;
        kernels.Gemm.Forward(context, w.ContextWeight, w.ContextBias, a.ContextSum.View, rows, hidden, hidden);
        kernels.LayerNorm.Forward(
            a.ContextSum.View,
            input,
            w.ContextGamma,
            w.ContextBeta,
            a.ContextSum.View,
            a.ContextNorm.View,
            a.ContextMean.View,
            a.ContextScale.View,
            rows,
            dropout.Context(index, configuration.HiddenDropout),
            rowBase);
        kernels.Gemm.ForwardGelu(
            a.ContextNorm.View,
            w.IntermediateWeight,
            w.IntermediateBias,
            a.Preactivation.View,
            activations.Intermediate.View,
            rows,
            wide,
            hidden,
            configuration.Gelu);
        kernels.Gemm.Forward(activations.Intermediate.View, w.OutputWeight, w.OutputBias, a.OutputSum.View, rows, hidden, wide);
        kernels.LayerNorm.Forward(
            a.OutputSum.View,
            a.ContextNorm.View,
            w.OutputGamma,
            w.OutputBeta,
            a.OutputSum.View,
            Hidden(index + 1),
            a.OutputMean.View,
            a.OutputScale.View,
            rows,
            dropout.Output(index, configuration.HiddenDropout),
            rowBase);
    }

    /// <summary>
    /// Takes the gradient of a layer's output, in <paramref name="state"/>, to the layer's input: in <paramref name="state"/> again, or, where only
    /// first tokens were computed, in <paramref name="sum"/>.
    /// </summary>
    private void BackwardLayer(
        int index, DeviceBatch batch, DropoutSites dropout, bool accumulate, ArrayView<float> state, ArrayView<float> sum, bool firstOnly)
    {
        var w = weights[index];
        var g = weightGradients[index];
        var a = activations.Layers[index];
        int tokens = batch.Tokens;
        int hidden = configuration.HiddenSize;
        var dqkv = activations.WideGradient!.View;
        var dcontext = sum;
        var dinput = state;
        if (firstOnly)
        {
            BackwardRows(index, activations.FirstContext.View, state, sum, batch.Sequences, dropout, dropout.SequenceBase, accumulate);
            dcontext = activations.InputGradient!.View;
            dinput = sum;
            kernels.RowGather.Backward(sum, batch.SequenceOffsets, dcontext, batch.Sequences, hidden);
            kernels.RowGather.Backward(state, batch.SequenceOffsets, dinput, batch.Sequences, hidden);
        }
        else
        {
            BackwardRows(index, a.Context.View, state, sum, tokens, dropout, dropout.TokenBase, accumulate);
        }

        kernels.Attention.Backward(
            a.Qkv.View,
            a.Context.View,
            dcontext,
            a.LogSumExp.View,
            dqkv,
            tokens,
            dropout.Attention(index, configuration.AttentionDropout),
            dropout.TokenBase);
        LinearGradients(Hidden(index), dqkv, g.QkvWeight, g.QkvBias, tokens, 3 * hidden, hidden, accumulate);
        kernels.Gemm.DataGradient(dqkv, w.QkvWeight, dinput, tokens, 3 * hidden, hidden, accumulate: true);
    }

    /// <summary>
    /// The gradients of <see cref="ForwardRows"/>. In: that of the layer's output, in <paramref name="state"/>. Out: that of the layer's input by
    /// way of the residual, in <paramref name="state"/>, and that of attention's output, in <paramref name="sum"/>. Of every pair of dense layer and
    /// residual, the layer norm's backward pass gives the residual's gradient, to which the dense layer's data gradient is then added.
    /// </summary>
    private void BackwardRows(
        int index,
        ArrayView<float> context,
        ArrayView<float> state,
        ArrayView<float> sum,
        int rows,
        DropoutSites dropout,
        int rowBase,
        bool accumulate)
    {
        var w = weights[index];
        var g = weightGradients[index];
        var a = activations.Layers[index];
        int hidden = configuration.HiddenSize;
        int wide = configuration.IntermediateSize;
        var masked = activations.InputGradient!.View;
        var broad = activations.WideGradient!.View;

        var outputDropout = dropout.Output(index, configuration.HiddenDropout);
        kernels.LayerNorm.Backward(
            state,
            a.OutputSum.View,
            w.OutputGamma,
            a.OutputMean.View,
            a.OutputScale.View,
            sum,
            masked,
            g.OutputGamma,
            g.OutputBeta,
            rows,
            outputDropout,
            rowBase,
            accumulate);
        var dense = outputDropout.Enabled ? masked : sum;
        kernels.Gemm.DataGradient(dense, w.OutputWeight, broad, rows, hidden, wide, accumulate: false);

        // GELU's results, which no layer keeps, come once more, in the place of the preactivation: nothing reads that any more.
        var intermediate = a.Preactivation.View;
        kernels.Gelu.Backward(intermediate, broad, broad, intermediate, rows * wide, configuration.Gelu);
        LinearGradients(intermediate, dense, g.OutputWeight, g.OutputBias, rows, hidden, wide, accumulate);
        LinearGradients(a.ContextNorm.View, broad, g.IntermediateWeight, g.IntermediateBias, rows, wide, hidden, accumulate);
        kernels.Gemm.DataGradient(broad, w.IntermediateWeight, sum, rows, wide, hidden, accumulate: true);

        var contextDropout = dropout.Context(index, configuration.HiddenDropout);
        kernels.LayerNorm.Backward(
            sum,
            a.ContextSum.View,
            w.ContextGamma,
            a.ContextMean.View,
            a.ContextScale.View,
            state,
            masked,
            g.ContextGamma,
            g.ContextBeta,
            rows,
            contextDropout,
            rowBase,
            accumulate);
        dense = contextDropout.Enabled ? masked : state;
        LinearGradients(context, dense, g.ContextWeight, g.ContextBias, rows, hidden, hidden, accumulate);
        kernels.Gemm.DataGradient(dense, w.ContextWeight, sum, rows, hidden, hidden, accumulate: false);
    }

    /// <summary>The gradients of a dense layer's weight [k, n] and bias [n] from its input [m, k] and its output's gradient [m, n].</summary>
    private void LinearGradients(
        ArrayView<float> input, ArrayView<float> doutput, ArrayView<float> dweight, ArrayView<float> dbias, int m, int n, int k, bool accumulate)
    {
        kernels.Gemm.WeightGradient(input, doutput, dweight, m, n, k, accumulate);
        kernels.ColumnSum.Run(doutput, dbias, m, n, accumulate);
    }
}
