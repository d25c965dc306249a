namespace Engine.Model.Conversion.Verification;

/// <summary>
/// A whole BERT in double precision, written as the paper has it (Devlin et al., 2018) and not for speed. It reads a source's own tensors, a layer at a
/// time, and knows nothing of how a conversion turns and names them: what both agree on is right.
/// </summary>
/// <param name="tensors">The source.</param>
/// <param name="settings">What the tensors do not say.</param>
internal sealed class ReferenceEncoder(ReferenceTensors tensors, ReferenceSettings settings)
{
    // Where variables have no names, Model Garden's encoders are known by the places of their layers: tables, norm, blocks, pooler.
    private const string Place = "(encoder|model)/layer_with_weights-";
    private const int BlocksFrom = 4;
    private const string Words = $"word_embeddings(/embeddings|/weight)?|masked_lm/embedding_table|_embedding_layer/embeddings|{Place}0/embeddings";
    private const string Positions = $"position_embeddings?(/embeddings|/weight)?|_position_embedding_layer/embeddings|{Place}1/embeddings";
    private const string Segments = $"(token_)?type_embeddings(/embeddings|/weight)?|_type_embedding_layer/embeddings|{Place}2/embeddings";
    private const string EmbeddingNorm = $"(embeddings|embedding_postprocessor)/(layer_norm|LayerNorm)|_embedding_norm_layer|{Place}3";
    private const string Intermediate = "_?intermediate(/dense|_dense)?";
    private const string MaskedHead = "predictions/transform|masked_lm";
    private const string Decoder = "predictions/decoder/weight";
    private const string NextSentenceHead = "seq_relationship|predictions/transform/logits";

    /// <summary>Computes everything that the source holds the weights of.</summary>
    /// <param name="batch">The input.</param>
    /// <param name="maskedTokens">The tokens whose words are asked for.</param>
    /// <exception cref="ModelException">A tensor is missing or does not fit.</exception>
    public IReadOnlyList<ModelOutput> Run(PackedBatch batch, IReadOnlyList<int> maskedTokens)
    {
        var states = Embed(batch);
        int hidden = states.Length / batch.TokenCount;
        List<ModelOutput> outputs = [new(ModelOutput.Embeddings, states)];
        int layers = 0;
        for (; HasDense(Layer(layers, Intermediate)); layers++)
        {
            states = RunLayer(layers, states, hidden, batch);
            outputs.Add(new(ModelOutput.Layer(layers), states));
        }

        string pooler = $"pooler_transform|pooler/dense|_pooler_layer|{Place}{BlocksFrom + layers}";
        double[] pooled = HasDense(pooler) ? Pool(pooler, Rows(states, batch.SequenceOffsets.ToArray()[..^1], hidden), hidden) : [];
        if (pooled.Length > 0)
            outputs.Add(new(ModelOutput.Pooled, pooled));
        if (HasDense($"({MaskedHead})/dense"))
            outputs.Add(new(ModelOutput.MaskedLogits, MaskedLogits(Rows(states, maskedTokens, hidden), hidden)));
        if (pooled.Length > 0 && HasDense(NextSentenceHead))
            outputs.Add(new(ModelOutput.NextSentenceLogits, Dense(NextSentenceHead, pooled, hidden)));
        return outputs;
    }

    private static string Layer(int index, string part) => $"(layer[_/]{index}|{Place}{BlocksFrom + index}|_transformer_layers/{index})/({part})";

    private static double[] Sum(double[] left, double[] right) => [.. left.Zip(right, (a, b) => a + b)];

    private static double[] Rows(double[] states, IReadOnlyList<int> rows, int hidden) =>
        [.. rows.SelectMany(row => states[(row * hidden)..((row + 1) * hidden)])];

    /// <summary>LN(word + position + segment)</summary>
    private double[] Embed(PackedBatch batch)
    {
        var words = tensors.Read(Words);
        var positions = tensors.Read(Positions);
        var segments = tensors.Read(Segments);
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

        return Norm(EmbeddingNorm, [.. sum], hidden);
    }

    /// <summary>y = LN(x + attention(x)), z = LN(y + W2 gelu(W1 y))</summary>
    private double[] RunLayer(int index, double[] states, int hidden, PackedBatch batch)
    {
        string self = Layer(index, "self_attention/|attention/self/|_attention_layer/_");
        double[] Project(string part) => Dense($"{self}{part}(_dense)?", states, hidden);
        int heads = HeadCount($"{self}query(_dense)?/kernel");
        var mixed = ReferenceAttention.Apply(Project("query"), Project("key"), Project("value"), heads, batch);
        var attended = Dense(
            Layer(index, "self_attention/attention_output|self_attention_output|attention/output/dense|_attention_layer/_output_dense|_attention_output_dense"),
            mixed,
            hidden);
        var middle = Norm(Layer(index, "(self)?_attention_layer_norm|attention/output/LayerNorm"), Sum(states, attended), hidden);
        var wide = Gelu(Dense(Layer(index, Intermediate), middle, hidden));
        var narrow = Dense(Layer(index, "_?output(/dense|_dense)?"), wide, wide.Length / batch.TokenCount);
        return Norm(Layer(index, "_?output_layer_norm|output/LayerNorm"), Sum(middle, narrow), hidden);
    }

    /// <summary>tanh(W x + b)</summary>
    private double[] Pool(string pooler, double[] firstStates, int hidden) => [.. Dense(pooler, firstStates, hidden).Select(Math.Tanh)];

    /// <summary>LN(gelu(W x + b)) E^T + c; E are the word embeddings, unless the source has a decoder of its own.</summary>
    private double[] MaskedLogits(double[] states, int hidden)
    {
        var transformed = Norm($"({MaskedHead})/(LayerNorm|layer_norm)", Gelu(Dense($"({MaskedHead})/dense", states, hidden)), hidden);
        var decoder = tensors.Read(tensors.Has(Decoder) ? Decoder : Words);
        var bias = tensors.Vector("(predictions|masked_lm)/(output_bias(/bias)?|bias)", decoder.Shape[0]);
        return new ReferenceDense(decoder, inputFirst: false, hidden, bias).Apply(transformed);
    }

    private bool HasDense(string scope) => tensors.Has($"({scope})/{ReferenceTensors.Kernel}");

    private double[] Dense(string scope, double[] rows, int inputSize) => tensors.Dense($"({scope})", inputSize).Apply(rows);

    private double[] Norm(string scope, double[] rows, int hidden) => tensors.Norm($"({scope})", hidden).Apply(rows, settings.Epsilon);

    private double[] Gelu(double[] rows) => ReferenceGelu.Apply(rows, settings.Gelu);

    private int HeadCount(string queryKernel) =>
        tensors.ShapeOf(queryKernel) is [_, var heads, _] ? heads
        : settings.HeadCount ?? throw new ModelException("the source's query kernels are matrices; expected the number of attention heads: give --heads");
}
