using ILGPU;

namespace Engine.Kernels;

/// <summary>
/// Sums and maxima across the threads of a group, in one fixed tree whose shape depends on the group's size only, so that a row's
/// result is the same whatever else is in the launch. Plain shared memory and barriers: legal on every accelerator.
/// </summary>
/// <remarks>
/// The last 16 values are combined by every thread alike, from addresses that are the same for all: on a vector accelerator this is
/// scalar code whose result needs no broadcast back. All threads of the group must call, and the group's size must be a power of two.
/// </remarks>
internal static class GroupReduction
{
    /// <summary>Shared elements that a caller provides: the largest group that works on one row (see <c>TileTable.RowGroupSize</c>).</summary>
    public const int MaxGroupSize = 256;

    /// <summary>The sum of <paramref name="value"/> over the group's threads; the same result in each.</summary>
    public static float Sum(float value, ArrayView<float> shared)
    {
        int lane = Group.IdxX;
        int size = Group.DimX;
        shared[lane] = value;
        Group.Barrier();
        for (int half = size >> 1; half >= 16; half >>= 1)
        {
            if (lane < half)
                shared[lane] += shared[lane + half];
            Group.Barrier();
        }

        float sum = shared[0];
        if (size >= 16)
            sum = SumOfEight(shared, 0) + SumOfEight(shared, 8);
        else if (size == 8)
            sum = SumOfEight(shared, 0);
        else if (size == 4)
            sum = SumOfFour(shared, 0);
        else if (size == 2)
            sum = shared[0] + shared[1];
        Group.Barrier();
        return sum;
    }

    /// <summary>The largest <paramref name="value"/> of the group's threads; the same result in each.</summary>
    public static float Max(float value, ArrayView<float> shared)
    {
        int lane = Group.IdxX;
        int size = Group.DimX;
        shared[lane] = value;
        Group.Barrier();
        for (int half = size >> 1; half >= 16; half >>= 1)
        {
            if (lane < half)
                shared[lane] = MathF.Max(shared[lane], shared[lane + half]);
            Group.Barrier();
        }

        float max = shared[0];
        if (size >= 16)
            max = MathF.Max(MaxOfEight(shared, 0), MaxOfEight(shared, 8));
        else if (size == 8)
            max = MaxOfEight(shared, 0);
        else if (size == 4)
            max = MaxOfFour(shared, 0);
        else if (size == 2)
            max = MathF.Max(shared[0], shared[1]);
        Group.Barrier();
        return max;
    }

    private static float SumOfFour(ArrayView<float> shared, int first) =>
        (shared[first] + shared[first + 1]) + (shared[first + 2] + shared[first + 3]);

    private static float SumOfEight(ArrayView<float> shared, int first) => SumOfFour(shared, first) + SumOfFour(shared, first + 4);

    private static float MaxOfFour(ArrayView<float> shared, int first) =>
        MathF.Max(MathF.Max(shared[first], shared[first + 1]), MathF.Max(shared[first + 2], shared[first + 3]));

    private static float MaxOfEight(ArrayView<float> shared, int first) =>
        MathF.Max(MaxOfFour(shared, first), MaxOfFour(shared, first + 4));
}
