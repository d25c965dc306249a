namespace Engine.Kernels;

/// <summary>What float arithmetic may err: the measures that bounds of results are made of.</summary>
internal static class Rounding
{
    /// <summary>Half the distance between 1 and the next float: the relative error of one rounding.</summary>
    public const double Unit = 1.0 / (1 << 24);

    /// <summary>
    /// The worst relative error of a sum of this many floats in any of the trees used: each of at least 4 threads adds its
    /// share one by one, and a few levels of tree follow.
    /// </summary>
    public static double SumError(int terms) => (terms / 4 + 12) * Unit;
}
