using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>Comparison of float results with double references.</summary>
internal static class Near
{
    /// <summary>Half the distance between 1 and the next float: the relative error of one rounding.</summary>
    public const double Unit = 1.0 / (1 << 24);

    /// <summary>Checks every element: |actual - expected| at most absolute + relative * |expected|; NaN never passes.</summary>
    public static void Equal(double[] expected, float[] actual, double relative, double absolute, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
        {
            double error = Math.Abs(actual[i] - expected[i]);
            double allowed = absolute + relative * Math.Abs(expected[i]);
            Assert.True(error <= allowed, $"{what}: element {i} is {actual[i]:R}, expected {expected[i]:R}, error {error:E2}, allowed {allowed:E2}");
        }
    }

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

    /// <summary>Widens floats.</summary>
    public static double[] Doubles(float[] values) => Array.ConvertAll(values, value => (double)value);
}
