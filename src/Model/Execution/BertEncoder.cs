using Engine.Kernels;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Model;

/// <summary>
/// BERT's encoder, forward and backward, on packed sequences. Layers are post-norm: y = LN(x + dropout(attention(x))),
/// z = LN(y + dropout(W2 gelu(W1 y))) (Devlin et al., 2018; google-research/bert, modeling.py).
/// </summary>
internal sealed class BertEncoder
{
    private readonly BertConfiguration configuration;
    private readonly ModelKernels kernels;
    private readonly EncoderActivations activations;
    private readonly ParameterLayout layout;
    private readonly AcceleratorStream stream;
    private readonly ArrayView<float> parameters;
    private readonly ArrayView<float> gradients;
    private readonly LayerViews[] weights;
    private readonly LayerViews[] weightGradients;

    /// <summary>Puts an encoder together.</summary>
    /// <param name="configuration">Its shape.</param>
    /// <param name="kernels">The operations.</param>
    /// <param name="activations">Where intermediate results go.</param>
    /// <param name="layout">Where parameters are.</param>
    /// <param name="stream">The device's stream.</param>
    /// <param name="parameters">The parameter arena.</param>
    /// <param name="gradients">The gradient arena; default where the encoder is not trained.</param>
    public BertEncoder(
        BertConfiguration configuration,
        ModelKernels kernels,
        EncoderActivations activations,
        ParameterLayout layout,
        AcceleratorStream stream,
        ArrayView<float> parameters,
        ArrayView<float> gradients)
    {
        this.configuration = configuration;
        this.kernels = kernels;
        this.activations = activations;
        this.layout = layout;
        this.stream = stream;
        this.parameters = parameters;
        this.gradients = gradients;
        weights = [.. layout.Layers.Select(layer => layer.In(parameters))];
        weightGradients = gradients.IsValid ? [.. layout.Layers.Select(layer => layer.In(gradients))] : [];
    }

    /// <summary>The states after the embedding (0) or after a layer (1 and up), [tokens, hidden].</summary>
    public ArrayView<float> Hidden(int index) => activations.Hidden[index].View;

    /// <summary>The last layer's states, [tokens, hidden].</summary>
    public ArrayView<float> Output => Hidden(configuration.LayerCount);

    /// <summary>Where the gradient of <see cref="Output"/> is put before <see cref="Backward"/>, [tokens, hidden].</summary>
    public ArrayView<float> OutputGradient => activations.StateGradient!.View;

    /// <summary>Computes the states of a batch that was given to <c>Attention.Prepare</c>.</summary>
    public void Forward(DeviceBatch batch, DropoutSites dropout)
    {
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
            ForwardLayer(i, batch.Tokens, dropout);
    }

    /// <summary>
    /// Takes the gradient from <see cref="OutputGradient"/> to all of the encoder's parameters. The batch is the last forward pass's, and was
    /// given to <c>Embedding.Prepare</c>.
    /// </summary>
    public void Backward(DeviceBatch batch, DropoutSites dropout, bool accumulate)
    {
        for (int i = configuration.LayerCount - 1; i >= 0; i--)
            BackwardLayer(i, batch.Tokens, dropout, accumulate);

        var a = activations;
        var gradient = OutputGradient;
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
        {
            words.MemSetToZero(stream);
            positions.MemSetToZero(stream);
            segments.MemSetToZero(stream);
        }

        kernels.Embedding.Backward(gradient, words, positions, segments);
    }

    private void ForwardLayer(int index, int tokens, DropoutSites dropout)
    {
        var w = weights[index];
        var a = activations.Layers[index];
        var input = Hidden(index);
        int hidden = configuration.HiddenSize;
        int wide = configuration.IntermediateSize;
        kernels.Gemm.Forward(input, w.QkvWeight, w.QkvBias, a.Qkv.View, tokens, 3 * hidden, hidden);
        kernels.Attention.Forward(
            a.Qkv.View, a.Context.View, a.LogSumExp.View, tokens, dropout.Attention(index, configuration.AttentionDropout), dropout.TokenBase);
        kernels.Gemm.Forward(a.Context.View, w.ContextWeight, w.ContextBias, a.ContextSum.View, tokens, hidden, hidden);
        kernels.LayerNorm.Forward(
            a.ContextSum.View,
            input,
            w.ContextGamma,
            w.ContextBeta,
            a.ContextSum.View,
            a.ContextNorm.View,
            a.ContextMean.View,
            a.ContextScale.View,
            tokens,
            dropout.Context(index, configuration.HiddenDropout),
            dropout.TokenBase);
        kernels.Gemm.ForwardGelu(
            a.ContextNorm.View,
            w.IntermediateWeight,
            w.IntermediateBias,
            a.Preactivation.View,
            a.Intermediate.View,
            tokens,
            wide,
            hidden,
            configuration.Gelu);
        kernels.Gemm.Forward(a.Intermediate.View, w.OutputWeight, w.OutputBias, a.OutputSum.View, tokens, hidden, wide);
        kernels.LayerNorm.Forward(
            a.OutputSum.View,
            a.ContextNorm.View,
            w.OutputGamma,
            w.OutputBeta,
            a.OutputSum.View,
            Hidden(index + 1),
            a.OutputMean.View,
            a.OutputScale.View,
            tokens,
            dropout.Output(index, configuration.HiddenDropout),
            dropout.TokenBase);
    }

    /// <summary>
    /// The gradient enters and leaves in <see cref="OutputGradient"/>. Of every pair of dense layer and residual, the layer norm's backward
    /// pass gives the residual's gradient, to which the dense layer's data gradient is then added.
    /// </summary>
    private void BackwardLayer(int index, int tokens, DropoutSites dropout, bool accumulate)
    {
        var w = weights[index];
        var g = weightGradients[index];
        var a = activations.Layers[index];
        int hidden = configuration.HiddenSize;
        int wide = configuration.IntermediateSize;
        var state = OutputGradient;
        var sum = activations.SumGradient!.View;
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
            tokens,
            outputDropout,
            dropout.TokenBase,
            accumulate);
        var dense = outputDropout.Enabled ? masked : sum;
        LinearGradients(a.Intermediate.View, dense, g.OutputWeight, g.OutputBias, tokens, hidden, wide, accumulate);
        kernels.Gemm.DataGradient(dense, w.OutputWeight, broad, tokens, hidden, wide, accumulate: false);
        kernels.Gelu.Backward(a.Preactivation.View, broad, broad, tokens * wide, configuration.Gelu);
        LinearGradients(a.ContextNorm.View, broad, g.IntermediateWeight, g.IntermediateBias, tokens, wide, hidden, accumulate);
        kernels.Gemm.DataGradient(broad, w.IntermediateWeight, sum, tokens, wide, hidden, accumulate: true);

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
            tokens,
            contextDropout,
            dropout.TokenBase,
            accumulate);
        dense = contextDropout.Enabled ? masked : state;
        LinearGradients(a.Context.View, dense, g.ContextWeight, g.ContextBias, tokens, hidden, hidden, accumulate);
        kernels.Gemm.DataGradient(dense, w.ContextWeight, sum, tokens, hidden, hidden, accumulate: false);
        kernels.Attention.Backward(
            a.Qkv.View,
            a.Context.View,
            sum,
            a.LogSumExp.View,
            broad,
            tokens,
            dropout.Attention(index, configuration.AttentionDropout),
            dropout.TokenBase);
        LinearGradients(Hidden(index), broad, g.QkvWeight, g.QkvBias, tokens, 3 * hidden, hidden, accumulate);
        kernels.Gemm.DataGradient(broad, w.QkvWeight, state, tokens, 3 * hidden, hidden, accumulate: true);
    }

    /// <summary>The gradients of a dense layer's weight [k, n] and bias [n] from its input [m, k] and its output's gradient [m, n].</summary>
    private void LinearGradients(
        ArrayView<float> input, ArrayView<float> doutput, ArrayView<float> dweight, ArrayView<float> dbias, int m, int n, int k, bool accumulate)
    {
        kernels.Gemm.WeightGradient(input, doutput, dweight, m, n, k, accumulate);
        kernels.ColumnSum.Run(doutput, dbias, m, n, accumulate);
    }
}
