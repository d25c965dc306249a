using System.Globalization;

namespace Engine.Model.Conversion.Verification;

/// <summary>What a source and its conversion compute, compared.</summary>
/// <param name="Source">The source, as the user gave it.</param>
/// <param name="Outputs">Every output, in the order in which a model computes them.</param>
public sealed record VerificationReport(string Source, IReadOnlyList<VerifiedOutput> Outputs)
{
    /// <summary>Accepts a conversion that computes what its source does.</summary>
    /// <exception cref="ModelException">It does not; the first output that differs is named.</exception>
    public void RequireAgreement()
    {
        if (Outputs.FirstOrDefault(output => !output.Agrees) is not { } wrong)
            return;
        throw new ModelException(string.Create(
            CultureInfo.InvariantCulture,
            $"{Source}: the result does not compute what the source does: {wrong.Name}, the first output that is wrong, differs by {wrong.Error:0.0e-00} of its "
            + $"norm, expected at most {wrong.Tolerance:0.0e-00}; nothing was written: please report this fault of the conversion"));
    }
}
