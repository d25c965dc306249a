namespace Engine.Model.Training;

/// <summary>Figures of a ranking by scores.</summary>
public static class RankingMetrics
{
    /// <summary>
    /// The area under the ROC curve: the chance that a random row of the class scores higher than a random row of another one, ties counting
    /// one half (Mann and Whitney's statistic, by mid-ranks). NaN where one side has no rows.
    /// </summary>
    /// <param name="scores">One score per row.</param>
    /// <param name="positive">Whether each row is of the class.</param>
    /// <exception cref="ArgumentException">The lists differ in length.</exception>
    public static double AreaUnderCurve(ReadOnlySpan<float> scores, ReadOnlySpan<bool> positive)
    {
        if (scores.Length != positive.Length)
            throw new ArgumentException($"{scores.Length} scores and {positive.Length} labels; one score per label was expected.", nameof(scores));
        float[] sorted = scores.ToArray();
        bool[] sides = positive.ToArray();
        Array.Sort(sorted, sides);
        double rankSum = 0;
        long positives = 0;
        for (int start = 0; start < sorted.Length;)
        {
            int end = start;
            long positivesHere = 0;
            for (; end < sorted.Length && sorted[end].Equals(sorted[start]); end++)
                positivesHere += sides[end] ? 1 : 0;
            // Ranks start + 1 .. end share their mean.
            rankSum += positivesHere * ((start + 1 + end) / 2.0);
            positives += positivesHere;
            start = end;
        }
        long negatives = sorted.Length - positives;
        return positives == 0 || negatives == 0 ? double.NaN : (rankSum - (positives * (positives + 1) / 2.0)) / ((double)positives * negatives);
    }
}
