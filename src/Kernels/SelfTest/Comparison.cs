namespace Engine.Kernels;

/// <summary>Compares the results of kernels with references, and keeps the worst error of those that pass. NaN never passes.</summary>
internal sealed class Comparison
{
    /// <summary>Gets or sets the size that is being checked, for the message of a mismatch.</summary>
    public string Size { get; set; } = string.Empty;

    /// <summary>Gets the largest difference seen so far.</summary>
    public double WorstError { get; private set; }

    /// <summary>Gets the largest share of its bound that a difference took so far: at most 1.</summary>
    public double WorstShare { get; private set; }

    /// <summary>Checks every element: |actual - expected| at most absolute + relative * |expected|.</summary>
    /// <exception cref="KernelMismatchException">An element is further away, or the lengths differ.</exception>
    public void Near(double[] expected, float[] actual, double relative, double absolute, string what) =>
        Check(expected, actual, i => absolute + (relative * Math.Abs(expected[i])), what);

    /// <summary>Checks every element: |actual - expected| at most its own bound.</summary>
    /// <exception cref="KernelMismatchException">An element is further away, or the lengths differ.</exception>
    public void Within(double[] expected, float[] actual, double[] bounds, string what) => Check(expected, actual, i => bounds[i], what);

    /// <summary>Checks that the results are the very numbers expected.</summary>
    /// <exception cref="KernelMismatchException">An element differs, or the lengths do.</exception>
    public void Same(float[] expected, float[] actual, string what) => Check(CheckInputs.Doubles(expected), actual, _ => 0, what);

    /// <summary>Checks that the integers are those expected.</summary>
    /// <exception cref="KernelMismatchException">An element differs, or the lengths do.</exception>
    public void Same(int[] expected, int[] actual, string what) =>
        Check(Array.ConvertAll(expected, value => (double)value), Array.ConvertAll(actual, value => (float)value), _ => 0, what);

    private void Check(double[] expected, float[] actual, Func<int, double> bound, string what)
    {
        if (expected.Length != actual.Length)
            throw new KernelMismatchException(new Mismatch(Size, $"the length of {what}", actual.Length, expected.Length, 0, 1, 1));
        Mismatch? first = null;
        var wrong = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            var error = Math.Abs(actual[i] - expected[i]);
            var allowed = bound(i);
            if (error <= allowed)
            {
                WorstError = Math.Max(WorstError, error);
                WorstShare = Math.Max(WorstShare, error == 0 ? 0 : error / allowed);
                continue;
            }

            wrong++;
            first ??= new Mismatch(Size, $"{what}[{i}]", actual[i], expected[i], allowed, 0, expected.Length);
        }

        if (first is not null)
            throw new KernelMismatchException(first with { Wrong = wrong });
    }
}
