namespace Engine.Benchmarks.SideBySide;

/// <summary>Compares results: a figure about speed is worth nothing if one side computes something else.</summary>
internal static class Results
{
    /// <summary>Requires that two results are equal but for rounding.</summary>
    /// <param name="name">What was computed.</param>
    /// <param name="actual">One result.</param>
    /// <param name="expected">The other.</param>
    /// <param name="tolerance">Largest norm of the difference, relative to the norm of <paramref name="expected"/>.</param>
    /// <returns>The norm of the difference, relative to that of <paramref name="expected"/>.</returns>
    /// <exception cref="PeerException">They differ by more.</exception>
    public static double RequireEqual(string name, ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, double tolerance)
    {
        double distance = 0, norm = 0;
        for (var i = 0; i < actual.Length; i++)
        {
            var difference = (double)actual[i] - expected[i];
            distance += difference * difference;
            norm += (double)expected[i] * expected[i];
        }

        var error = Math.Sqrt(distance / norm);
        if (!(error <= tolerance))
            throw new PeerException($"{name}: the two results differ by {error:G3} of their norm, expected at most {tolerance:G3}");
        return error;
    }

    /// <summary>Requires that the beginnings of two matrices are equal but for rounding.</summary>
    /// <param name="name">What was computed.</param>
    /// <param name="actual">One result.</param>
    /// <param name="expected">The other.</param>
    /// <param name="length">How many numbers count.</param>
    /// <param name="tolerance">Largest norm of the difference, relative to the norm of <paramref name="expected"/>.</param>
    /// <exception cref="PeerException">They differ by more.</exception>
    public static void RequireEqual(string name, DeviceMatrix actual, DeviceMatrix expected, int length, double tolerance) =>
        RequireEqual(name, actual.ToArray().AsSpan(0, length), expected.ToArray().AsSpan(0, length), tolerance);
}
