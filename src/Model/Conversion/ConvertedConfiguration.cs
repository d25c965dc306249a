using System.Text.Json.Nodes;
using Engine.Kernels;
using Engine.Model.Checkpoints;

namespace Engine.Model.Conversion;

/// <summary>Makes the <c>config.json</c> of a converted model: the source's own where it has one in Hugging Face's form, else a new one.</summary>
internal static class ConvertedConfiguration
{
    // What bert_config.json shares with config.json beyond the sizes.
    private static readonly string[] Shared =
        ["hidden_dropout_prob", "attention_probs_dropout_prob", "initializer_range", "layer_norm_eps", "pad_token_id", "classifier_dropout"];

    /// <summary>Makes the configuration.</summary>
    /// <param name="plan">What was decided.</param>
    /// <param name="source">Where it comes from.</param>
    /// <param name="type">The type of the weights.</param>
    public static JsonObject Make(ConversionPlan plan, SourceModel source, TensorType type)
    {
        var json = source.IsTensorFlow ? New(source) : (JsonObject?)source.Configuration?.Json.DeepClone() ?? New(source);
        json["model_type"] = "bert";
        plan.Sizes.Write(json);
        if (source.IsTensorFlow || !json.ContainsKey("hidden_act") || plan.Gelu.Form != FormOf(json))
            json["hidden_act"] = plan.Gelu.Form == GeluForm.Erf ? "gelu" : "gelu_pytorch_tanh";
        json.Remove("dtype");
        json["torch_dtype"] = type switch
        {
            TensorType.F16 => "float16",
            TensorType.BF16 => "bfloat16",
            _ => "float32",
        };
        HeadConfiguration.Write(plan.Classifier, plan.Pretraining, json);
        return json;
    }

    private static GeluForm FormOf(JsonObject json) => (string?)json["hidden_act"] == "gelu" ? GeluForm.Erf : GeluForm.Tanh;

    private static JsonObject New(SourceModel source)
    {
        var json = new JsonObject
        {
            ["architectures"] = new JsonArray(),
            ["model_type"] = "bert",
            ["hidden_dropout_prob"] = 0.1,
            ["attention_probs_dropout_prob"] = 0.1,
            ["initializer_range"] = 0.02,
            ["layer_norm_eps"] = 1e-12,
            ["pad_token_id"] = 0,
            ["position_embedding_type"] = "absolute",
        };
        foreach (string name in Shared)
        {
            if (source.Configuration?.Json[name] is { } value)
                json[name] = value.DeepClone();
        }

        return json;
    }
}
