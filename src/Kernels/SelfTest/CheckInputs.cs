namespace Engine.Kernels;

/// <summary>Inputs of checks: random, and the same in every run.</summary>
internal static class CheckInputs
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

    /// <summary>Widens floats.</summary>
    public static double[] Doubles(float[] values) => Array.ConvertAll(values, value => (double)value);

    /// <summary>The offsets of sequences of these lengths: one more than there are sequences, the first 0.</summary>
    public static int[] Offsets(params int[] lengths)
    {
        var offsets = new int[lengths.Length + 1];
        for (var i = 0; i < lengths.Length; i++)
            offsets[i + 1] = offsets[i] + lengths[i];
        return offsets;
    }
}
