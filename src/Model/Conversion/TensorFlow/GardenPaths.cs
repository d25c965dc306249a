using System.Globalization;
using System.Text.RegularExpressions;

namespace Engine.Model.Conversion.TensorFlow;

/// <summary>
/// The places of variables in Model Garden's encoders, by which its training checkpoints can be read without the variables' names: layers counted in their order
/// (<c>encoder/layer_with_weights-4/_attention_layer/...</c>; transformers' convert_bert_original_tf2_checkpoint_to_pytorch.py), or by the encoder's attributes
/// (<c>encoder/_transformer_layers/0/...</c>; convert_bert_token_dropping_original_tf2_checkpoint_to_pytorch.py).
/// </summary>
internal static partial class GardenPaths
{
    private const int LayersBeforeBlocks = 4;

    private static readonly Dictionary<string, string> BlockParts = new(StringComparer.Ordinal)
    {
        ["_attention_layer/_query_dense"] = "attention.self.query",
        ["_attention_layer/_key_dense"] = "attention.self.key",
        ["_attention_layer/_value_dense"] = "attention.self.value",
        ["_attention_layer/_output_dense"] = "attention.output.dense",
        ["_attention_output_dense"] = "attention.output.dense",
        ["_attention_layer_norm"] = "attention.output.LayerNorm",
        ["_intermediate_dense"] = "intermediate.dense",
        ["_output_dense"] = "output.dense",
        ["_output_layer_norm"] = "output.LayerNorm",
    };

    private static readonly Dictionary<string, string> Places = new(StringComparer.Ordinal)
    {
        ["layer_with_weights-0/embeddings"] = "embeddings.word_embeddings.weight",
        ["layer_with_weights-1/embeddings"] = "embeddings.position_embeddings.weight",
        ["layer_with_weights-2/embeddings"] = "embeddings.token_type_embeddings.weight",
        ["layer_with_weights-3/gamma"] = "embeddings.LayerNorm.weight",
        ["layer_with_weights-3/beta"] = "embeddings.LayerNorm.bias",
        ["_embedding_layer/embeddings"] = "embeddings.word_embeddings.weight",
        ["_position_embedding_layer/embeddings"] = "embeddings.position_embeddings.weight",
        ["_type_embedding_layer/embeddings"] = "embeddings.token_type_embeddings.weight",
        ["_embedding_norm_layer/gamma"] = "embeddings.LayerNorm.weight",
        ["_embedding_norm_layer/beta"] = "embeddings.LayerNorm.bias",
    };

    /// <summary>What a place stands for; null where it stands for nothing known.</summary>
    /// <param name="path">The local names from the root, parted by slashes.</param>
    public static TensorRole? Find(string path)
    {
        if (MaskedLanguage().Match(path) is { Success: true } masked)
            return OfMaskedLanguage(masked);
        if (Encoder().Match(path) is not { Success: true } encoder)
            return null;
        string place = encoder.Groups["place"].Value;
        if (Places.TryGetValue(place, out string? known))
            return new TensorRole(known, false);
        if (Pooler().Match(place) is { Success: true } pooler)
            return TensorFlowNames.Leaf("pooler.dense", pooler.Groups["leaf"].Value);
        if (Block().Match(place) is not { Success: true } block || !BlockParts.TryGetValue(block.Groups["part"].Value, out string? part))
            return null;
        bool isCounted = block.Groups["counted"].Success;
        int number = int.Parse(block.Groups[isCounted ? "counted" : "indexed"].ValueSpan, CultureInfo.InvariantCulture) - (isCounted ? LayersBeforeBlocks : 0);
        return number >= 0 ? TensorFlowNames.Leaf($"encoder.layer.{number}.{part}", block.Groups["leaf"].Value) : null;
    }

    private static TensorRole OfMaskedLanguage(Match match) =>
        match.Groups["table"].Success ? new TensorRole("embeddings.word_embeddings.weight", false)
        : match.Groups["bias"].Success ? new TensorRole("cls.predictions.bias", false)
        : TensorFlowNames.Leaf("cls.predictions.transform." + (match.Groups["norm"].Success ? "LayerNorm" : "dense"), match.Groups["leaf"].Value);

    [GeneratedRegex(@"^(model/)?(encoder|model|encoder_network|pretrainer/encoder_network)/(?<place>.+)$", RegexOptions.CultureInvariant)]
    private static partial Regex Encoder();

    // The last of the counted layers is the pooler; those below it are embeddings and blocks, which have no kernel of their own.
    [GeneratedRegex(@"^(layer_with_weights-([5-9]|\d\d+)|_pooler_layer)/(?<leaf>kernel|bias)$", RegexOptions.CultureInvariant)]
    private static partial Regex Pooler();

    [GeneratedRegex(
        @"^(layer_with_weights-(?<counted>\d{1,4})|_transformer_layers/(?<indexed>\d{1,4}))/(?<part>[\w/]+)/(?<leaf>kernel|bias|gamma|beta)$",
        RegexOptions.CultureInvariant)]
    private static partial Regex Block();

    [GeneratedRegex(
        @"^(model/)?masked_lm/((?<table>embedding_table)|(?<bias>output_bias/bias|bias)|dense/(?<leaf>kernel|bias)|(?<norm>layer_norm)/(?<leaf>gamma|beta))$",
        RegexOptions.CultureInvariant)]
    private static partial Regex MaskedLanguage();
}
