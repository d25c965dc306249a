using Engine.Model.Training;

namespace Engine.Model.Tests.Training;

/// <summary>Logistic regression on one feature by plain gradient descent: small enough to follow the training loop by hand.</summary>
internal sealed class LogisticModel(double[] features, int[] labels, double[] validationFeatures, int[] validationLabels) : ITrainable
{
    private (double Weight, double Bias) _remembered;

    public double Weight { get; private set; }

    public double Bias { get; private set; }

    public List<int[]> Batches { get; } = [];

    public List<double> Rates { get; } = [];

    public List<int> Steps { get; } = [];

    public int FailAtStep { get; init; } = -1;

    public Action<int>? AfterStep { get; init; }

    public int Remembered { get; private set; }

    public int Recalled { get; private set; }

    public int Classes => 2;

    public void Step(ReadOnlySpan<int> rows, int step, double learningRate, Span<float> probabilities, Span<float> losses)
    {
        Batches.Add(rows.ToArray());
        Rates.Add(learningRate);
        Steps.Add(step);
        double weightGradient = 0, biasGradient = 0;
        for (int i = 0; i < rows.Length; i++)
        {
            double error = Compute(features[rows[i]], labels[rows[i]], probabilities.Slice(2 * i, 2), out losses[i]);
            weightGradient += error * features[rows[i]] / rows.Length;
            biasGradient += error / rows.Length;
        }
        if (step == FailAtStep)
            losses[^1] = float.NaN;
        Weight -= learningRate * weightGradient;
        Bias -= learningRate * biasGradient;
        AfterStep?.Invoke(step);
    }

    public string LocateNonFinite(ReadOnlySpan<int> rows) => "layer 1 is not finite";

    public void Validate(Span<float> probabilities, Span<float> losses)
    {
        for (int row = 0; row < validationFeatures.Length; row++)
            Compute(validationFeatures[row], validationLabels[row], probabilities.Slice(2 * row, 2), out losses[row]);
    }

    public long Tokens(ReadOnlySpan<int> rows) => rows.Length;

    public void Remember()
    {
        _remembered = (Weight, Bias);
        Remembered++;
    }

    public void Recall()
    {
        (Weight, Bias) = _remembered;
        Recalled++;
    }

    private double Compute(double feature, int label, Span<float> probabilities, out float loss)
    {
        double positive = 1 / (1 + Math.Exp(-((Weight * feature) + Bias)));
        probabilities[0] = (float)(1 - positive);
        probabilities[1] = (float)positive;
        loss = (float)-Math.Log(label == 1 ? positive : 1 - positive);
        return positive - label;
    }
}
