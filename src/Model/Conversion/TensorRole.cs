namespace Engine.Model.Conversion;

/// <summary>What a tensor of a source becomes.</summary>
/// <param name="Name">Hugging Face's name for it, without a model's prefix: <c>encoder.layer.0.output.dense.weight</c>.</param>
/// <param name="IsTransposed">Whether the source has it as [in, out], where Hugging Face has [out, in].</param>
internal readonly record struct TensorRole(string Name, bool IsTransposed);
