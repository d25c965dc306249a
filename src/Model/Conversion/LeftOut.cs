namespace Engine.Model.Conversion;

/// <summary>Tensors of a source that a conversion does not carry over.</summary>
/// <param name="Reason">Why not.</param>
/// <param name="Names">Their names in the source.</param>
public sealed record LeftOut(string Reason, IReadOnlyList<string> Names);
