using Xunit;

namespace Engine.Model.Tests.Reference;

/// <summary>Euclidean norms in double precision.</summary>
internal static class Norms
{
    public static double Of(IEnumerable<float> values) => Math.Sqrt(values.Sum(value => (double)value * value));

    public static double OfDifference(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        Assert.Equal(expected.Length, actual.Length);
        double sum = 0;
        for (int i = 0; i < expected.Length; i++)
            sum += ((double)actual[i] - expected[i]) * ((double)actual[i] - expected[i]);
        return Math.Sqrt(sum);
    }

    /// <summary>The norm of the difference, relative to the norm of what was expected.</summary>
    public static double RelativeError(ReadOnlySpan<float> actual, float[] expected) => OfDifference(actual, expected) / Of(expected);
}
