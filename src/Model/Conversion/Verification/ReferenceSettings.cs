using Engine.Kernels;

namespace Engine.Model.Conversion.Verification;

/// <summary>What a BERT's tensors do not say.</summary>
/// <param name="HeadCount">Attention heads; needed where the source's query kernels are matrices, as kernels of rank 3 have the heads as an axis.</param>
/// <param name="Gelu">Which GELU.</param>
/// <param name="Epsilon">What layer norms add to the variance.</param>
internal sealed record ReferenceSettings(int? HeadCount, GeluForm Gelu, double Epsilon = 1e-12);
