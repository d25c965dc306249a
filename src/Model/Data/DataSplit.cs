namespace Engine.Model.Data;

/// <summary>Which rows train and which validate; both in file order.</summary>
/// <param name="Training">Row numbers, from 0.</param>
/// <param name="Validation">Row numbers, from 0.</param>
public sealed record DataSplit(int[] Training, int[] Validation)
{
    /// <summary>
    /// The last part of the file validates: the first floor(rows x (1 - fraction)) rows train, as with Keras's <c>validation_split</c>.
    /// </summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="fraction">The part that validates, 0 to below 1; 0 validates nothing.</param>
    public static DataSplit Last(int rows, double fraction)
    {
        CheckFraction(fraction);
        int training = (int)Math.Floor(rows * (1.0 - fraction));
        return new DataSplit([.. Enumerable.Range(0, training)], [.. Enumerable.Range(training, rows - training)]);
    }

    /// <summary>A number of rows at the end of the file validates.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="count">How many validate, 0 to below <paramref name="rows"/>.</param>
    public static DataSplit LastRows(int rows, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(count, rows);
        return new DataSplit([.. Enumerable.Range(0, rows - count)], [.. Enumerable.Range(rows - count, count)]);
    }

    /// <summary>
    /// A random part of each class validates: of a class with n rows round(n x fraction), at least one and never all (a class of one row
    /// trains).
    /// </summary>
    /// <param name="labels">The class number of each row.</param>
    /// <param name="fraction">The part that validates, 0 to below 1; 0 validates nothing.</param>
    /// <param name="seed">Equal seeds give equal splits.</param>
    public static DataSplit Stratified(IReadOnlyList<int> labels, double fraction, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(labels);
        CheckFraction(fraction);
        bool[] validates = new bool[labels.Count];
        foreach (IGrouping<int, int> members in Enumerable.Range(0, labels.Count).GroupBy(row => labels[row]).OrderBy(group => group.Key))
        {
            int[] rows = [.. members];
            int taken = fraction == 0 ? 0 : Math.Clamp((int)Math.Round(rows.Length * fraction), 1, Math.Max(1, rows.Length - 1));
            if (rows.Length == 1)
                taken = 0;
            SeededRandom.For(seed, (ulong)members.Key).Shuffle(rows.AsSpan());
            for (int i = 0; i < taken; i++)
                validates[rows[i]] = true;
        }
        return new DataSplit(Where(false), Where(true));

        int[] Where(bool value) => [.. Enumerable.Range(0, validates.Length).Where(row => validates[row] == value)];
    }

    private static void CheckFraction(double fraction)
    {
        if (!(fraction >= 0 && fraction < 1))
            throw new ArgumentOutOfRangeException(nameof(fraction), fraction, "The part that validates must be at least 0 and below 1.");
    }
}
