namespace Engine.Model.Training;

/// <summary>How often each class was taken for each class, and the figures that follow from it.</summary>
public sealed class ConfusionMatrix
{
    private readonly long[,] _counts;

    /// <summary>Counts predictions.</summary>
    /// <param name="classes">Number of classes.</param>
    /// <param name="labels">The true class of each row, 0..classes-1.</param>
    /// <param name="predictions">The predicted class of each row, 0..classes-1.</param>
    /// <exception cref="ArgumentException">The lists differ in length.</exception>
    public ConfusionMatrix(int classes, ReadOnlySpan<int> labels, ReadOnlySpan<int> predictions)
    {
        if (labels.Length != predictions.Length)
            throw new ArgumentException($"{labels.Length} labels and {predictions.Length} predictions; one prediction per label was expected.", nameof(predictions));
        _counts = new long[classes, classes];
        for (int row = 0; row < labels.Length; row++)
            _counts[labels[row], predictions[row]]++;
        Classes = classes;
        Total = labels.Length;
    }

    /// <summary>Number of classes.</summary>
    public int Classes { get; }

    /// <summary>Number of rows.</summary>
    public long Total { get; }

    /// <summary>Rows of class <paramref name="label"/> that were taken for class <paramref name="prediction"/>.</summary>
    /// <param name="label">True class.</param>
    /// <param name="prediction">Predicted class.</param>
    public long this[int label, int prediction] => _counts[label, prediction];

    /// <summary>The share of rows that are right; NaN without rows.</summary>
    public double Accuracy
    {
        get
        {
            long right = 0;
            for (int i = 0; i < Classes; i++)
                right += _counts[i, i];
            return (double)right / Total;
        }
    }

    /// <summary>Of the rows taken for a class, the share that is of it; 0 where no row was taken for it (as scikit-learn).</summary>
    /// <param name="positive">The class.</param>
    public double Precision(int positive) => Ratio(_counts[positive, positive], Predicted(positive));

    /// <summary>Of a class's rows, the share that was found; 0 where it has no row (as scikit-learn).</summary>
    /// <param name="positive">The class.</param>
    public double Recall(int positive) => Ratio(_counts[positive, positive], Support(positive));

    /// <summary>The harmonic mean of precision and recall; 0 where both are 0.</summary>
    /// <param name="positive">The class.</param>
    public double F1(int positive) => Ratio(2 * _counts[positive, positive], Predicted(positive) + Support(positive));

    /// <summary>The mean of <see cref="Precision"/> over all classes.</summary>
    public double MacroPrecision => Mean(Precision);

    /// <summary>The mean of <see cref="Recall"/> over all classes.</summary>
    public double MacroRecall => Mean(Recall);

    /// <summary>The mean of <see cref="F1"/> over all classes.</summary>
    public double MacroF1 => Mean(F1);

    /// <summary>Number of rows of a class.</summary>
    /// <param name="label">The class.</param>
    public long Support(int label)
    {
        long sum = 0;
        for (int i = 0; i < Classes; i++)
            sum += _counts[label, i];
        return sum;
    }

    /// <summary>Number of rows that were taken for a class.</summary>
    /// <param name="prediction">The class.</param>
    public long Predicted(int prediction)
    {
        long sum = 0;
        for (int i = 0; i < Classes; i++)
            sum += _counts[i, prediction];
        return sum;
    }

    private static double Ratio(long numerator, long denominator) => denominator == 0 ? 0 : (double)numerator / denominator;

    private double Mean(Func<int, double> figure)
    {
        double sum = 0;
        for (int i = 0; i < Classes; i++)
            sum += figure(i);
        return sum / Classes;
    }
}
