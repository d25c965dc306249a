using Engine.Kernels;

namespace Engine.Model.Conversion.Verification;

/// <summary>GELU in double precision (Hendrycks and Gimpel, 2016).</summary>
internal static class ReferenceGelu
{
    /// <summary>x times the standard normal distribution function, or its approximation by tanh.</summary>
    /// <param name="values">Any number of them.</param>
    /// <param name="form">Which.</param>
    public static double[] Apply(double[] values, GeluForm form) => [.. values.AsParallel().AsOrdered().Select(x => form == GeluForm.Tanh
        ? 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x))))
        : 0.5 * x * (1 + Erf(x / Math.Sqrt(2))))];

    /// <summary>
    /// The error function: 2 / sqrt(pi) e^(-x^2) (x + 2/3 x^3 + 2/3 2/5 x^5 + ...) (Abramowitz and Stegun, 7.1.6). All terms have one sign, so that
    /// nothing cancels; above 6 it is 1 in double precision.
    /// </summary>
    private static double Erf(double x)
    {
        if (Math.Abs(x) > 6)
            return Math.Sign(x);
        double term = x, sum = x;
        for (int n = 1; Math.Abs(term) > 1e-17 * Math.Abs(sum); n++)
        {
            term *= 2 * x * x / ((2 * n) + 1);
            sum += term;
        }

        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }
}
