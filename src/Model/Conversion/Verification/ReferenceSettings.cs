using Engine.Kernels;

namespace Engine.Model.Conversion.Verification;

/// <summary>What a BERT's tensors do not say.</summary>
/// <param name="HeadCount">Attention heads; needed where the source's query kernels are matrices, as kernels of rank 3 have the heads as an axis.</param>
/// <param name="Gelu">Which GELU.</param>
/// <param name="Epsilon">What layer norms add to the variance.</param>
internal sealed record ReferenceSettings(int? HeadCount, GeluForm Gelu, double Epsilon = 1e-12)
{
    /// <summary>Reads the settings from what lies beside the tensors.</summary>
    /// <param name="source">The source.</param>
    /// <param name="headCount">The number of heads that is taken where the source has no configuration.</param>
    /// <param name="gelu">The user's choice of the GELU; null: TensorFlow's models have the form with tanh, others the one that their configuration names.</param>
    public static ReferenceSettings Of(SourceModel source, int headCount, GeluForm? gelu)
    {
        string stated = source.Configuration?.Text("hidden_act", "gelu") ?? "gelu";
        return new ReferenceSettings(
            source.Configuration?.Size("num_attention_heads", headCount, int.MaxValue) ?? headCount,
            gelu ?? (stated == "gelu" && !source.IsTensorFlow ? GeluForm.Erf : GeluForm.Tanh),
            source.Configuration?.Number("layer_norm_eps", 1e-12f, 0, 1) ?? 1e-12);
    }
}
