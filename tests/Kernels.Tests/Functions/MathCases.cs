namespace Engine.Kernels.Tests;

/// <summary>One function of <see cref="DeviceMath"/> with its reference and its bound.</summary>
/// <param name="Name">The function's name.</param>
/// <param name="Function">Ours.</param>
/// <param name="Reference">In double precision.</param>
/// <param name="Lowest">Arguments below are left out (outside the function's domain).</param>
/// <param name="Highest">Arguments above are left out.</param>
/// <param name="Ulps">Bound in units in the last place where multiply-add is contracted; twice that where it is not. 0: none.</param>
/// <param name="Absolute">Absolute error that is allowed besides.</param>
public sealed record MathCase(
    string Name, Func<float, float> Function, Func<double, double> Reference, float Lowest, float Highest, double Ulps, double Absolute)
{
    /// <summary>The functions that are held to 2 ulp with contraction and 4 without, and those held to an absolute error.</summary>
    public static IReadOnlyList<MathCase> All { get; } =
    [
        new("Exp", DeviceMath.Exp, Math.Exp, float.NegativeInfinity, float.PositiveInfinity, 2, 0),
        // Results below 1.7e-38 are 0 by contract.
        new("ExpNonPositive", DeviceMath.ExpNonPositive, Math.Exp, float.NegativeInfinity, 0, 2, 1.7e-38),
        new("Log", DeviceMath.Log, Math.Log, 0, float.PositiveInfinity, 2, 0),
        new("Log1P", DeviceMath.Log1P, ReferenceMath.Log1P, -0.99f, float.PositiveInfinity, 2, 0),
        new("Tanh", DeviceMath.Tanh, Math.Tanh, float.NegativeInfinity, float.PositiveInfinity, 2, 0),
        new("Sigmoid", DeviceMath.Sigmoid, ReferenceMath.Sigmoid, float.NegativeInfinity, float.PositiveInfinity, 2, 0),
        new("Erf", DeviceMath.Erf, ReferenceMath.Erf, float.NegativeInfinity, float.PositiveInfinity, 0, 1e-7),
        new("NormalCdf", DeviceMath.NormalCdf, ReferenceMath.NormalCdf, float.NegativeInfinity, float.PositiveInfinity, 0, 1e-7),
    ];

    /// <summary>Whether an argument is in the domain tested.</summary>
    public bool Covers(float x) => x >= Lowest && x <= Highest;

    /// <summary>The error of a result as a multiple of what is allowed: at most 1 passes; NaN for a wrong kind of result is infinite.</summary>
    /// <param name="x">The argument.</param>
    /// <param name="y">Our result.</param>
    /// <param name="contracted">Whether multiply-add was contracted.</param>
    public double Excess(float x, float y, bool contracted)
    {
        double expected = Reference(x);
        float rounded = (float)expected;
        if (y == rounded)
            return 0;
        if (!float.IsFinite(y) && float.IsFinite(rounded) && Math.Abs(rounded) < 3.4028e38f)
            return double.PositiveInfinity;
        if (float.IsNaN(y) || float.IsNaN(rounded))
            return double.PositiveInfinity;
        double error = Math.Abs(Math.Clamp(y, float.MinValue, float.MaxValue) - Math.Clamp(expected, float.MinValue, float.MaxValue));
        float magnitude = Math.Min(Math.Abs(rounded), float.MaxValue);
        double ulp = Math.Max(Math.ScaleB(1.0, Math.ILogB(Math.Max(magnitude, float.Epsilon)) - 23), Math.ScaleB(1.0, -149));
        return error / (Ulps * (contracted ? 1 : 2) * ulp + Absolute);
    }
}
