namespace Engine.Model.Training;

/// <summary>What predicting one class for every row reaches: the figure that a model must beat.</summary>
/// <param name="Class">The class that most training rows have (of equals the first).</param>
/// <param name="Accuracy">The share of the evaluated rows that are of that class.</param>
public sealed record MajorityBaseline(int Class, double Accuracy)
{
    /// <summary>Chooses the class on the training rows and counts it on the evaluated ones.</summary>
    /// <param name="classes">Number of classes.</param>
    /// <param name="training">Classes of the training rows; may be the evaluated rows where only those are known.</param>
    /// <param name="evaluated">Classes of the evaluated rows, at least one.</param>
    public static MajorityBaseline Of(int classes, ReadOnlySpan<int> training, ReadOnlySpan<int> evaluated)
    {
        int[] counts = new int[classes];
        foreach (int label in training)
            counts[label]++;
        int majority = Array.IndexOf(counts, counts.Max());
        return new MajorityBaseline(majority, (double)evaluated.Count(majority) / evaluated.Length);
    }
}
