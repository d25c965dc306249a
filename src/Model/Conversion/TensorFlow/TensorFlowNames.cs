using System.Text.RegularExpressions;

namespace Engine.Model.Conversion.TensorFlow;

/// <summary>
/// The names that TensorFlow's BERTs give their variables, by their ends, whatever scope they stand in: google-research/bert (<c>bert/encoder/layer_0/...</c>),
/// TF-Hub versions 1 and 2 (<c>bert_model/encoder/layer_0/...</c>) and 3 and 4 (<c>transformer/layer_0/...</c>; Model Garden's
/// tools/tf1_bert_checkpoint_converter_lib.py has both).
/// </summary>
internal static partial class TensorFlowNames
{
    private static readonly Dictionary<string, string> LayerParts = new(StringComparer.Ordinal)
    {
        ["attention/self/query"] = "attention.self.query",
        ["attention/self/key"] = "attention.self.key",
        ["attention/self/value"] = "attention.self.value",
        ["attention/output/dense"] = "attention.output.dense",
        ["attention/output/LayerNorm"] = "attention.output.LayerNorm",
        ["intermediate/dense"] = "intermediate.dense",
        ["output/dense"] = "output.dense",
        ["output/LayerNorm"] = "output.LayerNorm",
        ["self_attention/query"] = "attention.self.query",
        ["self_attention/key"] = "attention.self.key",
        ["self_attention/value"] = "attention.self.value",
        ["self_attention/attention_output"] = "attention.output.dense",
        ["self_attention_output"] = "attention.output.dense",
        ["self_attention_layer_norm"] = "attention.output.LayerNorm",
        ["intermediate"] = "intermediate.dense",
        ["output"] = "output.dense",
        ["output_layer_norm"] = "output.LayerNorm",
    };

    /// <summary>What a variable's name stands for; null where it stands for nothing known.</summary>
    /// <param name="name">The name, with or without <c>:0</c>; a number that made it unique is looked through.</param>
    public static TensorRole? Find(string name)
    {
        string plain = name.EndsWith(":0", StringComparison.Ordinal) ? name[..^2] : name;
        return FindExactly(plain) ?? (Unique().IsMatch(plain) ? FindExactly(Unique().Replace(plain, "")) : null);
    }

    private static TensorRole? FindExactly(string name)
    {
        if (Layer().Match(name) is { Success: true } layer && LayerParts.TryGetValue(layer.Groups["part"].Value, out string? part))
            return Leaf($"encoder.layer.{layer.Groups["number"].Value}.{part}", layer.Groups["leaf"].Value);
        if (Table().Match(name) is { Success: true } table)
        {
            string of = table.Groups["words"].Success ? "word" : table.Groups["positions"].Success ? "position" : "token_type";
            return new TensorRole($"embeddings.{of}_embeddings.weight", false);
        }

        if (EmbeddingNorm().Match(name) is { Success: true } norm)
            return Leaf("embeddings.LayerNorm", norm.Groups["leaf"].Value);
        if (Pooler().Match(name) is { Success: true } pooler)
            return Leaf("pooler.dense", pooler.Groups["leaf"].Value);
        if (Transform().Match(name) is { Success: true } transform)
            return Leaf("cls.predictions.transform." + (transform.Groups["norm"].Success ? "LayerNorm" : "dense"), transform.Groups["leaf"].Value);
        if (OutputBias().IsMatch(name))
            return new TensorRole("cls.predictions.bias", false);
        if (NextSentence().Match(name) is { Success: true } next)
            return new TensorRole("cls.seq_relationship." + (next.Groups["weights"].Success ? "weight" : "bias"), false);
        return NextSentenceDense().Match(name) is { Success: true } dense ? Leaf("cls.seq_relationship", dense.Groups["leaf"].Value) : null;
    }

    /// <summary>A dense layer's or a layer norm's tensor; kernels are [in, out].</summary>
    internal static TensorRole Leaf(string layer, string leaf) => leaf switch
    {
        "kernel" => new TensorRole(layer + ".weight", true),
        "gamma" => new TensorRole(layer + ".weight", false),
        _ => new TensorRole(layer + ".bias", false),
    };

    // "layer_norm_1/gamma" and "embeddings_2" are made unique; "layer_1" is a layer.
    [GeneratedRegex(@"(?<!layer)_\d+(?=/|$)", RegexOptions.CultureInvariant)]
    private static partial Regex Unique();

    [GeneratedRegex(@"(^|/)layer_(?<number>\d+)/(?<part>[\w/]+)/(?<leaf>kernel|bias|gamma|beta)$", RegexOptions.CultureInvariant)]
    private static partial Regex Layer();

    [GeneratedRegex(
        @"(^|/)((?<words>embeddings/word_embeddings|word_embeddings/embeddings)"
        + @"|(?<positions>embeddings/position_embeddings|position_embeddings?/embeddings|embedding_postprocessor/position_embeddings)"
        + @"|(?<segments>embeddings/token_type_embeddings|type_embeddings/embeddings|embedding_postprocessor/type_embeddings))$",
        RegexOptions.CultureInvariant)]
    private static partial Regex Table();

    [GeneratedRegex(@"(^|/)(embeddings|embedding_postprocessor)/(LayerNorm|layer_norm)/(?<leaf>gamma|beta)$", RegexOptions.CultureInvariant)]
    private static partial Regex EmbeddingNorm();

    [GeneratedRegex(@"(^|/)(pooler/dense|pooler_transform)/(?<leaf>kernel|bias)$", RegexOptions.CultureInvariant)]
    private static partial Regex Pooler();

    [GeneratedRegex(
        @"(^|/)cls/predictions/transform/(dense/(?<leaf>kernel|bias)|(?<norm>LayerNorm|layer_norm)/(?<leaf>gamma|beta))$", RegexOptions.CultureInvariant)]
    private static partial Regex Transform();

    [GeneratedRegex(@"(^|/)cls/predictions/output_bias(/bias)?$", RegexOptions.CultureInvariant)]
    private static partial Regex OutputBias();

    // Stored as [2, hidden], unlike kernels.
    [GeneratedRegex(@"(^|/)cls/seq_relationship/((?<weights>output_weights)|output_bias)$", RegexOptions.CultureInvariant)]
    private static partial Regex NextSentence();

    [GeneratedRegex(@"(^|/)predictions/transform/logits/(?<leaf>kernel|bias)$", RegexOptions.CultureInvariant)]
    private static partial Regex NextSentenceDense();
}
