using Engine.Model.Data;
using Engine.Model.Inference;
using Engine.Model.Training.Runs;
using Engine.Tokenizer;

namespace Engine.Model.Training;

/// <summary>Trains the head alone: the frozen encoder runs once over all texts, and every step starts from its features.</summary>
internal sealed class HeadTraining : ITrainable
{
    private readonly BertModel _model;
    private readonly FineTuningSettings _settings;
    private readonly int[] _labels;
    private readonly int[] _validationLabels;
    private readonly float[] _features;
    private readonly float[] _validationFeatures;
    private readonly TokenizedTexts _texts;
    private readonly float[] _batchFeatures;
    private readonly int[] _batchLabels;
    private readonly float[] _scratch;
    private readonly int _hidden;
    private readonly BestParameters _best;

    /// <summary>Computes the features.</summary>
    /// <exception cref="OperationCanceledException">The user asked to stop.</exception>
    public HeadTraining(
        BertModel model, FineTuningSettings settings, LabelledTexts training, LabelledTexts? validation, BestParameters best, CancellationToken stop)
    {
        _model = model;
        _best = best;
        _settings = settings;
        _texts = training.Texts;
        _labels = training.Labels;
        _validationLabels = validation?.Labels ?? [];
        _hidden = model.Configuration.HiddenSize;
        _batchFeatures = new float[model.Limits.MaxSequences * _hidden];
        _batchLabels = new int[model.Limits.MaxSequences];
        _scratch = new float[model.Limits.MaxSequences];
        Classes = model.Configuration.Head!.Labels.Count;
        _features = FeaturesOf(training.Texts, stop);
        _validationFeatures = validation is null ? [] : FeaturesOf(validation.Texts, stop);
    }

    /// <inheritdoc/>
    public int Classes { get; }

    /// <summary>The largest batch: that of the encoder's one run, or of a step.</summary>
    public static BatchLimits LimitsOf(FineTuningSettings settings, TokenizedTexts texts, TokenizedTexts? validationTexts)
    {
        BatchLimits training = InferenceLimits.For(texts);
        BatchLimits validation = validationTexts is null ? training : InferenceLimits.For(validationTexts);
        return new BatchLimits(
            Math.Max(training.MaxTokens, validation.MaxTokens),
            Math.Max(Math.Min(settings.Loop.BatchSize, texts.Count), Math.Max(training.MaxSequences, validation.MaxSequences)));
    }

    /// <inheritdoc/>
    public void Step(ReadOnlySpan<int> rows, int step, double learningRate, Span<float> probabilities, Span<float> losses)
    {
        Gather(_features, rows);
        for (int i = 0; i < rows.Length; i++)
            _batchLabels[i] = _labels[rows[i]];
        _model.ForwardHeadTraining(
            _batchFeatures.AsSpan(0, rows.Length * _hidden), _batchLabels.AsSpan(0, rows.Length), new TrainingPass(_settings.Loop.Seed, step, rows.Length));
        _model.Backward();
        ClassProbabilities.Read(_model, _scratch, probabilities);
        _model.ReadLosses(losses);
        foreach (float loss in losses)
        {
            if (!float.IsFinite(loss))
                return;
        }
        _model.OptimizerStep(_settings.Optimizer, learningRate, step);
    }

    /// <inheritdoc/>
    public string LocateNonFinite(ReadOnlySpan<int> rows) => EncoderTraining.Describe(_model);

    /// <inheritdoc/>
    public void Validate(Span<float> probabilities, Span<float> losses)
    {
        int rows = losses.Length;
        int size = _model.Limits.MaxSequences;
        for (int first = 0; first < rows; first += size)
        {
            int count = Math.Min(size, rows - first);
            _model.ForwardHead(_validationFeatures.AsSpan(first * _hidden, count * _hidden), _validationLabels.AsSpan(first, count));
            ClassProbabilities.Read(_model, _scratch, probabilities.Slice(first * Classes, count * Classes));
            _model.ReadLosses(losses.Slice(first, count));
        }
    }

    /// <inheritdoc/>
    public long Tokens(ReadOnlySpan<int> rows)
    {
        long tokens = 0;
        foreach (int row in rows)
            tokens += _texts.Length(row);
        return tokens;
    }

    /// <inheritdoc/>
    public void Remember() => _best.Remember();

    /// <inheritdoc/>
    public void Recall() => _best.Recall();

    private void Gather(float[] features, ReadOnlySpan<int> rows)
    {
        for (int i = 0; i < rows.Length; i++)
            features.AsSpan(rows[i] * _hidden, _hidden).CopyTo(_batchFeatures.AsSpan(i * _hidden));
    }

    private float[] FeaturesOf(TokenizedTexts texts, CancellationToken stop)
    {
        BatchPacker packer = new(texts, null, _model.Limits);
        float[] features = new float[texts.Count * _hidden];
        foreach (int[] rows in BatchPlan.ByLength(texts, _model.Limits))
        {
            stop.ThrowIfCancellationRequested();
            _model.Forward(packer.Pack(rows), allStates: false);
            _model.ReadFeatures(_batchFeatures.AsSpan(0, rows.Length * _hidden));
            for (int i = 0; i < rows.Length; i++)
                _batchFeatures.AsSpan(i * _hidden, _hidden).CopyTo(features.AsSpan(rows[i] * _hidden));
        }
        return features;
    }
}
