namespace Engine.Model.Conversion.Verification;

/// <summary>One output of a model, computed from the source in double precision and from the conversion by the engine.</summary>
/// <param name="Name">Which output.</param>
/// <param name="Error">The norm of the difference, relative to the reference's norm; the reference has its weights rounded as the conversion's are.</param>
/// <param name="Tolerance">The largest error that single precision explains.</param>
/// <param name="Rounding">
/// By how much the rounding of the weights itself moves the output, relative to its norm: the price of float16 and bfloat16; null where nothing was rounded.
/// </param>
public sealed record VerifiedOutput(string Name, double Error, double Tolerance, double? Rounding)
{
    /// <summary>Whether both computed the same.</summary>
    public bool Agrees => Error <= Tolerance;
}
