namespace Engine.Model.Conversion;

/// <summary>Where a conversion stands.</summary>
/// <param name="Done">Bytes of weights that were written, counted in the source's type.</param>
/// <param name="Total">Bytes to be written.</param>
/// <param name="Step">What is being done.</param>
public readonly record struct ConversionProgress(long Done, long Total, string Step);
