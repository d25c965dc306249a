namespace Engine.Model.Conversion.Verification;

/// <summary>
/// A whole BERT in double precision, written as the paper has it (Devlin et al., 2018) and not for speed. It reads a source's own tensors, a layer at a
/// time, and knows nothing of how a conversion turns and names them: what both agree on is right.
/// </summary>
/// <param name="tensors">The source.</param>
/// <param name="settings">What the tensors do not say.</param>
internal sealed class ReferenceEncoder(ReferenceTensors tensors, ReferenceSettings settings)
{
    private const string Words = "word_embeddings(/embeddings|/weight)?";
    private const string Pooler = "pooler_transform|pooler/dense";
    private const string MaskedHead = "predictions/transform";
    private const string Decoder = "predictions/decoder/weight";
    private const string NextSentenceHead = "seq_relationship";

    /// <summary>Computes everything that the source holds the weights of.</summary>
    /// <param name="batch">The input.</param>
    /// <param name="maskedTokens">The tokens whose words are asked for.</param>
    /// <exception cref="ModelException">A tensor is missing or does not fit.</exception>
    public IReadOnlyList<ModelOutput> Run(PackedBatch batch, IReadOnlyList<int> maskedTokens)
    {
        var states = Embed(batch);
        int hidden = states.Length / batch.TokenCount;
        List<ModelOutput> outputs = [new(ModelOutput.Embeddings, states)];
        for (int layer = 0; tensors.Has(Layer(layer, "intermediate(/dense)?/(kernel|weight)")); layer++)
        {
            states = RunLayer(layer, states, hidden, batch);
            outputs.Add(new(ModelOutput.Layer(layer), states));
        }

        bool hasPooler = tensors.Has($"({Pooler})/(kernel|weight)");
        double[] pooled = hasPooler ? Pool(Rows(states, batch.SequenceOffsets.ToArray()[..^1], hidden), hidden) : [];
        if (hasPooler)
            outputs.Add(new(ModelOutput.Pooled, pooled));
        if (tensors.Has(MaskedHead + "/dense/(kernel|weight)"))
            outputs.Add(new(ModelOutput.MaskedLogits, MaskedLogits(Rows(states, maskedTokens, hidden), hidden)));
        if (hasPooler && tensors.Has(NextSentenceHead + "/(weight|output_weights)"))
            outputs.Add(new(ModelOutput.NextSentenceLogits, Dense(NextSentenceHead, pooled, hidden)));
        return outputs;
    }

    private static string Layer(int index, string part) => $"layer[_/]{index}/({part})";

    private static double[] Sum(double[] left, double[] right) => [.. left.Zip(right, (a, b) => a + b)];

    private static double[] Rows(double[] states, IReadOnlyList<int> rows, int hidden) =>
        [.. rows.SelectMany(row => states[(row * hidden)..((row + 1) * hidden)])];

    /// <summary>LN(word + position + segment)</summary>
    private double[] Embed(PackedBatch batch)
    {
        var words = tensors.Read(Words);
        var positions = tensors.Read("position_embeddings?(/embeddings|/weight)?");
        var segments = tensors.Read("(token_)?type_embeddings(/embeddings|/weight)?");
        int hidden = words.Shape[^1];
        List<double> sum = [];
        for (int sequence = 0; sequence < batch.SequenceCount; sequence++)
        {
            int first = batch.SequenceOffsets.Span[sequence];
            for (int token = first; token < batch.SequenceOffsets.Span[sequence + 1]; token++)
            {
                var text = Sum(words.Row(batch.Ids.Span[token]), positions.Row(token - first));
                sum.AddRange(Sum(text, segments.Row(batch.Segments.Span[token])));
            }
        }

        return Norm("(embeddings|embedding_postprocessor)/(layer_norm|LayerNorm)", [.. sum], hidden);
    }

    /// <summary>y = LN(x + attention(x)), z = LN(y + W2 gelu(W1 y))</summary>
    private double[] RunLayer(int index, double[] states, int hidden, PackedBatch batch)
    {
        string self = Layer(index, "self_attention|attention/self");
        int heads = HeadCount(self + "/query/kernel");
        var mixed = ReferenceAttention.Apply(
            Dense(self + "/query", states, hidden), Dense(self + "/key", states, hidden), Dense(self + "/value", states, hidden), heads, batch);
        var attended = Dense(Layer(index, "self_attention/attention_output|self_attention_output|attention/output/dense"), mixed, hidden);
        var middle = Norm(Layer(index, "self_attention_layer_norm|attention/output/LayerNorm"), Sum(states, attended), hidden);
        var wide = Gelu(Dense(Layer(index, "intermediate(/dense)?"), middle, hidden));
        var narrow = Dense(Layer(index, "output(/dense)?"), wide, wide.Length / batch.TokenCount);
        return Norm(Layer(index, "output_layer_norm|output/LayerNorm"), Sum(middle, narrow), hidden);
    }

    /// <summary>tanh(W x + b)</summary>
    private double[] Pool(double[] firstStates, int hidden) => [.. Dense(Pooler, firstStates, hidden).Select(Math.Tanh)];

    /// <summary>LN(gelu(W x + b)) E^T + c; E are the word embeddings, unless the source has a decoder of its own.</summary>
    private double[] MaskedLogits(double[] states, int hidden)
    {
        var transformed = Norm(MaskedHead + "/(LayerNorm|layer_norm)", Gelu(Dense(MaskedHead + "/dense", states, hidden)), hidden);
        var decoder = tensors.Read(tensors.Has(Decoder) ? Decoder : Words);
        var bias = tensors.Vector("predictions/(output_bias(/bias)?|bias)", decoder.Shape[0]);
        return new ReferenceDense(decoder, inputFirst: false, hidden, bias).Apply(transformed);
    }

    private double[] Dense(string scope, double[] rows, int inputSize) => tensors.Dense($"({scope})", inputSize).Apply(rows);

    private double[] Norm(string scope, double[] rows, int hidden) => tensors.Norm($"({scope})", hidden).Apply(rows, settings.Epsilon);

    private double[] Gelu(double[] rows) => ReferenceGelu.Apply(rows, settings.Gelu);

    private int HeadCount(string queryKernel) =>
        tensors.ShapeOf(queryKernel) is [_, var heads, _] ? heads
        : settings.HeadCount ?? throw new ModelException("the source's query kernels are matrices; expected the number of attention heads: give --heads");
}
