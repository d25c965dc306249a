namespace Engine.Model.Training;

/// <summary>How a model does on labelled rows.</summary>
public sealed class Evaluation
{
    private readonly int[] _labels;
    private readonly float[] _probabilities;

    /// <summary>Compares probabilities with labels.</summary>
    /// <param name="classes">Number of classes, at least 2.</param>
    /// <param name="labels">The true class of each row.</param>
    /// <param name="probabilities">[rows, classes]</param>
    /// <param name="losses">The loss of each row.</param>
    /// <param name="threshold">Where the second of two classes begins.</param>
    /// <exception cref="ArgumentException">The lists do not match.</exception>
    public Evaluation(int classes, int[] labels, float[] probabilities, ReadOnlySpan<float> losses, double threshold = 0.5)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(probabilities);
        if (probabilities.Length != labels.Length * classes || losses.Length != labels.Length)
            throw new ArgumentException(
                $"{labels.Length} labels, {probabilities.Length} probabilities and {losses.Length} losses for {classes} classes do not match.", nameof(probabilities));
        _labels = labels;
        _probabilities = probabilities;
        Classes = classes;
        Predictions = Decision.Classes(probabilities, classes, threshold);
        Confusion = new ConfusionMatrix(classes, labels, Predictions);
        Losses = losses.ToArray();
        double sum = 0;
        foreach (float loss in losses)
            sum += loss;
        Loss = sum / losses.Length;
    }

    /// <summary>Number of classes.</summary>
    public int Classes { get; }

    /// <summary>Number of rows.</summary>
    public int Count => _labels.Length;

    /// <summary>The predicted class of each row.</summary>
    public int[] Predictions { get; }

    /// <summary>[rows, classes]</summary>
    public float[] Probabilities => _probabilities;

    /// <summary>The loss of each row.</summary>
    public float[] Losses { get; }

    /// <summary>The mean loss over the rows.</summary>
    public double Loss { get; }

    /// <summary>The confusion matrix.</summary>
    public ConfusionMatrix Confusion { get; }

    /// <summary>The share of rows that are right.</summary>
    public double Accuracy => Confusion.Accuracy;

    /// <summary>F1 of the second of two classes, or the mean over several classes.</summary>
    public double F1 => Classes == 2 ? Confusion.F1(1) : Confusion.MacroF1;

    /// <summary>Precision of the second of two classes, or the mean over several classes.</summary>
    public double Precision => Classes == 2 ? Confusion.Precision(1) : Confusion.MacroPrecision;

    /// <summary>Recall of the second of two classes, or the mean over several classes.</summary>
    public double Recall => Classes == 2 ? Confusion.Recall(1) : Confusion.MacroRecall;

    /// <summary>Whether all rows (at least two) got one class: a model that says the same to everything has learned nothing from the text.</summary>
    public bool IsUniform => Count > 1 && Array.TrueForAll(Predictions, prediction => prediction == Predictions[0]);

    /// <summary>
    /// The area under the ROC curve of the second of two classes; with several classes the mean over each class against the others, classes
    /// without rows left out. NaN where it is not defined.
    /// </summary>
    public double AreaUnderCurve()
    {
        if (Classes == 2)
            return AreaUnderCurve(1);
        double sum = 0;
        int defined = 0;
        for (int label = 0; label < Classes; label++)
        {
            double area = AreaUnderCurve(label);
            if (double.IsNaN(area))
                continue;
            sum += area;
            defined++;
        }
        return sum / defined;
    }

    private double AreaUnderCurve(int label)
    {
        float[] scores = new float[_labels.Length];
        bool[] positive = new bool[_labels.Length];
        for (int row = 0; row < scores.Length; row++)
        {
            scores[row] = _probabilities[(row * Classes) + label];
            positive[row] = _labels[row] == label;
        }
        return RankingMetrics.AreaUnderCurve(scores, positive);
    }
}
