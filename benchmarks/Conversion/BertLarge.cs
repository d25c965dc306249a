namespace Engine.Benchmarks.Conversion;

/// <summary>BERT-Large, uncased (Devlin et al., 2018): its variables as TensorFlow's two layouts name, shape and order them.</summary>
internal static class BertLarge
{
    /// <summary>Words of the vocabulary.</summary>
    public const int Vocabulary = 30522;

    private const int Hidden = 1024;
    private const int Layers = 24;
    private const int Heads = 16;
    private const int HeadSize = Hidden / Heads;
    private const int Intermediate = 4 * Hidden;
    private const int Positions = 512;

    /// <summary>Gets <c>bert_config.json</c>.</summary>
    public static string Configuration =>
        $$"""
        {
          "attention_probs_dropout_prob": 0.1, "hidden_act": "gelu", "hidden_dropout_prob": 0.1, "hidden_size": {{Hidden}}, "initializer_range": 0.02,
          "intermediate_size": {{Intermediate}}, "max_position_embeddings": {{Positions}}, "num_attention_heads": {{Heads}}, "num_hidden_layers": {{Layers}},
          "type_vocab_size": 2, "vocab_size": {{Vocabulary}}
        }

        """;

    /// <summary>Gets the variables of Google's first release: kernels are matrices, and both pre-training heads are there.</summary>
    public static IEnumerable<Variable> FirstRelease =>
    [
        new("bert/embeddings/word_embeddings", Vocabulary, Hidden),
        new("bert/embeddings/position_embeddings", Positions, Hidden),
        new("bert/embeddings/token_type_embeddings", 2, Hidden),
        .. Norm("bert/embeddings/LayerNorm"),
        .. Enumerable.Range(0, Layers).Select(layer => $"bert/encoder/layer_{layer}").SelectMany(layer => (IEnumerable<Variable>)
        [
            .. Dense($"{layer}/attention/self/query", [Hidden, Hidden], Hidden),
            .. Dense($"{layer}/attention/self/key", [Hidden, Hidden], Hidden),
            .. Dense($"{layer}/attention/self/value", [Hidden, Hidden], Hidden),
            .. Dense($"{layer}/attention/output/dense", [Hidden, Hidden], Hidden),
            .. Norm($"{layer}/attention/output/LayerNorm"),
            .. Dense($"{layer}/intermediate/dense", [Hidden, Intermediate], Intermediate),
            .. Dense($"{layer}/output/dense", [Intermediate, Hidden], Hidden),
            .. Norm($"{layer}/output/LayerNorm"),
        ]),
        .. Dense("bert/pooler/dense", [Hidden, Hidden], Hidden),
        .. Dense("cls/predictions/transform/dense", [Hidden, Hidden], Hidden),
        .. Norm("cls/predictions/transform/LayerNorm"),
        new("cls/predictions/output_bias", Vocabulary),
        new("cls/seq_relationship/output_weights", 2, Hidden),
        new("cls/seq_relationship/output_bias", 2),
    ];

    /// <summary>Gets the variables of TF-Hub's SavedModels, versions 3 and 4: attention's kernels have the heads as an axis of their own.</summary>
    public static IEnumerable<Variable> Hub =>
    [
        new("word_embeddings/embeddings", Vocabulary, Hidden),
        new("position_embedding/embeddings", Positions, Hidden),
        new("type_embeddings/embeddings", 2, Hidden),
        .. Norm("embeddings/layer_norm"),
        .. Enumerable.Range(0, Layers).Select(layer => $"transformer/layer_{layer}").SelectMany(layer => (IEnumerable<Variable>)
        [
            .. Dense($"{layer}/self_attention/query", [Hidden, Heads, HeadSize], Heads, HeadSize),
            .. Dense($"{layer}/self_attention/key", [Hidden, Heads, HeadSize], Heads, HeadSize),
            .. Dense($"{layer}/self_attention/value", [Hidden, Heads, HeadSize], Heads, HeadSize),
            .. Dense($"{layer}/self_attention/attention_output", [Heads, HeadSize, Hidden], Hidden),
            .. Norm($"{layer}/self_attention_layer_norm"),
            .. Dense($"{layer}/intermediate", [Hidden, Intermediate], Intermediate),
            .. Dense($"{layer}/output", [Intermediate, Hidden], Hidden),
            .. Norm($"{layer}/output_layer_norm"),
        ]),
        .. Dense("pooler_transform", [Hidden, Hidden], Hidden),
    ];

    private static IEnumerable<Variable> Dense(string name, int[] kernel, params int[] bias) => [new($"{name}/kernel", kernel), new($"{name}/bias", bias)];

    private static IEnumerable<Variable> Norm(string name) => [new($"{name}/gamma", Hidden), new($"{name}/beta", Hidden)];

    /// <summary>A variable.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="Shape">Its dimensions.</param>
    internal sealed record Variable(string Name, params int[] Shape)
    {
        /// <summary>Gets the number of elements.</summary>
        public int Count => Shape.Aggregate(1, (product, size) => product * size);
    }
}
