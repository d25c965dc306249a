namespace Engine.Kernels.Tests;

/// <summary>Random test data, the same in every run.</summary>
internal static class Matrices
{
    /// <summary>Values evenly distributed in [-scale, scale).</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">Which.</param>
    /// <param name="scale">Their largest magnitude.</param>
    public static float[] Uniform(int count, int seed, float scale = 1f)
    {
        var random = new Random(seed);
        var values = new float[count];
        for (var i = 0; i < count; i++)
            values[i] = (random.NextSingle() * 2f - 1f) * scale;
        return values;
    }
}
