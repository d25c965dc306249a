namespace Engine.Compute.Vector.Checked;

/// <summary>Orders of groups and threads.</summary>
internal static class ThreadOrders
{
    /// <summary>Fills an order of the threads of one group.</summary>
    /// <param name="order">One entry a thread.</param>
    /// <param name="options">Which order.</param>
    /// <param name="group">Linear index of the group.</param>
    public static void Fill(int[] order, CheckOptions options, long group)
    {
        for (int index = 0; index < order.Length; index++) order[index] = options.Order == ThreadOrder.Reversed ? order.Length - 1 - index : index;
        if (options.Order == ThreadOrder.Seeded) new Random(unchecked((options.Seed * 486187739) + (int)group)).Shuffle(order);
    }

    /// <summary>Which of <paramref name="count"/> groups is run as number <paramref name="position"/>: a permutation that needs no memory.</summary>
    public static long Group(long position, long count, CheckOptions options)
    {
        if (options.Order == ThreadOrder.Normal) return position;
        if (options.Order == ThreadOrder.Reversed) return count - 1 - position;
        var random = new Random(options.Seed);
        long stride = 1 + random.NextInt64(count), start = random.NextInt64(count);
        while (Gcd(stride, count) != 1) stride = stride % count + 1;
        return (long)(((Int128)position * stride + start) % count);
    }

    private static long Gcd(long left, long right) => right == 0 ? left : Gcd(right, left % right);
}
