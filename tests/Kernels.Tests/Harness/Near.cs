namespace Engine.Kernels.Tests;

/// <summary>Comparison of float results with double references.</summary>
internal static class Near
{
    /// <summary>Checks every element: |actual - expected| at most absolute + relative * |expected|; NaN never passes.</summary>
    public static void Equal(double[] expected, float[] actual, double relative, double absolute, string what) =>
        new Comparison().Near(expected, actual, relative, absolute, what);

    /// <summary>The central difference of a function of one of its inputs.</summary>
    /// <param name="values">The inputs; the one varied is restored.</param>
    /// <param name="index">Which to vary.</param>
    /// <param name="function">The function, reading <paramref name="values"/>.</param>
    public static double Slope(double[] values, int index, Func<double> function)
    {
        const double Step = 1e-5;
        double kept = values[index];
        values[index] = kept + Step;
        double above = function();
        values[index] = kept - Step;
        double below = function();
        values[index] = kept;
        return (above - below) / (2 * Step);
    }
}
