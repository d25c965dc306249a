namespace Engine.Kernels;

/// <summary>Special functions in double precision.</summary>
internal static class ReferenceMath
{
    /// <summary>The error function: Taylor's series below 3, the complement's continued fraction above.</summary>
    public static double Erf(double x)
    {
        double a = Math.Abs(x);
        if (double.IsNaN(a))
            return a;
        if (a > 3)
            return Math.Sign(x) * (1 - Erfc(a));
        double term = a;
        double sum = a;
        for (int n = 1; Math.Abs(term) > 1e-18 * sum; n++)
        {
            term *= -a * a / n;
            sum += term / (2 * n + 1);
        }

        return Math.Sign(x) * sum * 2 / Math.Sqrt(Math.PI);
    }

    /// <summary>1 - erf(x), accurate for large x.</summary>
    public static double Erfc(double x)
    {
        if (x < 3)
            return 1 - Erf(x);
        if (x > 27)
            return 0;

        // Evaluated from the tail: x + (1/2) / (x + 1 / (x + (3/2) / (x + ...)))
        double fraction = x;
        for (int k = 120; k > 0; k--)
            fraction = x + k / 2.0 / fraction;
        return Math.Exp(-x * x) / (fraction * Math.Sqrt(Math.PI));
    }

    /// <summary>The standard normal distribution function.</summary>
    public static double NormalCdf(double x) => x < 0 ? 0.5 * Erfc(-x / Math.Sqrt(2)) : 1 - 0.5 * Erfc(x / Math.Sqrt(2));

    /// <summary>GELU, exact.</summary>
    public static double GeluErf(double x) => x * NormalCdf(x);

    /// <summary>GELU, tanh form.</summary>
    public static double GeluTanh(double x) => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));

    /// <summary>Slope of <see cref="GeluErf"/>.</summary>
    public static double GeluErfGradient(double x) => NormalCdf(x) + x * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);

    /// <summary>Slope of <see cref="GeluTanh"/>.</summary>
    public static double GeluTanhGradient(double x)
    {
        double c = Math.Sqrt(2 / Math.PI);
        double t = Math.Tanh(c * (x + 0.044715 * x * x * x));
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x);
    }

    /// <summary>log(1 + x) (Kahan's correction).</summary>
    public static double Log1P(double x)
    {
        double u = 1 + x;
        return u == 1 ? x : double.IsInfinity(u) ? u : Math.Log(u) * x / (u - 1);
    }

    /// <summary>1 / (1 + e^-x).</summary>
    public static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
