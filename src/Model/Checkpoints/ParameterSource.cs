namespace Engine.Model.Checkpoints;

/// <summary>Where a model's parameters come from.</summary>
/// <param name="Names">The tensors of a file.</param>
/// <param name="IsNew">Which tensors the file does not hold, so that they are drawn.</param>
/// <param name="Seed">Decides the values of new tensors.</param>
internal sealed record ParameterSource(TensorNames Names, Func<ParameterTensor, bool> IsNew, ulong Seed);
