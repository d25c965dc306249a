using System.Text.RegularExpressions;

namespace Engine.Model.Conversion;

/// <summary>BERT's relatives, whose tensors have similar names and another meaning: they are named and refused.</summary>
internal static partial class OtherArchitectures
{
    private static readonly Dictionary<string, string> Types = new(StringComparer.Ordinal)
    {
        ["albert"] = "an ALBERT, whose layers share one set of weights",
        ["electra"] = "an ELECTRA, whose embeddings are projected and which has no pooler",
        ["distilbert"] = "a DistilBERT, which has no segments and no pooler",
        ["roberta"] = "a RoBERTa, whose positions and vocabulary are counted differently",
        ["xlm-roberta"] = "an XLM-RoBERTa, whose positions and vocabulary are counted differently",
        ["mobilebert"] = "a MobileBERT, whose layers have bottlenecks",
        ["deberta"] = "a DeBERTa, whose attention depends on relative positions",
        ["deberta-v2"] = "a DeBERTa, whose attention depends on relative positions",
    };

    /// <summary>Refuses a source that is one of them.</summary>
    /// <exception cref="ModelException">It is.</exception>
    public static void Refuse(SourceModel source)
    {
        if (source.Configuration is { } configuration)
        {
            string type = configuration.Text("model_type", "bert");
            if (Types.TryGetValue(type, out string? what))
                throw Refused(source.Path, what, $"{configuration.Path} says \"{type}\"");
            if (type != "bert")
                throw configuration.Wrong("model_type", $"\"{type}\"", "\"bert\": only BERT is converted");
        }

        foreach (string name in source.Variables.SelectMany(variable => variable.Names))
        {
            string? type = Albert().IsMatch(name) ? "albert"
                : Electra().IsMatch(name) ? "electra"
                : DistilBert().IsMatch(name) ? "distilbert"
                : Roberta().IsMatch(name) ? "roberta"
                : MobileBert().IsMatch(name) ? "mobilebert"
                : null;
            if (type is not null)
                throw Refused(source.Path, Types[type], $"it has a tensor \"{name}\"");
        }
    }

    private static ModelException Refused(string path, string what, string evidence) =>
        new($"{path}: is {what} ({evidence}); expected a BERT, the only architecture that is converted");

    [GeneratedRegex(@"(^|[/._])albert|embedding_hidden_mapping_in|inner_group_\d+|albert_layer_groups|(^|/)embedding_projection/", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Albert();

    [GeneratedRegex(@"(^|[/._])electra|discriminator_predictions|generator_predictions|generator_lm_head", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Electra();

    [GeneratedRegex(@"distil_?bert|attention[./]q_lin[./]", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex DistilBert();

    [GeneratedRegex(@"(^|[/._])roberta", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Roberta();

    [GeneratedRegex(@"mobile_?bert|bottleneck[./]", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex MobileBert();
}
