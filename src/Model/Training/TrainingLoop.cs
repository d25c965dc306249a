using System.Diagnostics;

namespace Engine.Model.Training;

/// <summary>The training loop: epochs of shuffled batches, the learning rate's schedule, validation after each epoch, the best epoch kept.</summary>
public sealed class TrainingLoop
{
    private readonly ITrainable _model;
    private readonly TrainingSettings _settings;
    private readonly int[] _trainingLabels;
    private readonly int[] _validationLabels;
    private readonly LearningRateSchedule _schedule;

    /// <summary>Prepares a run.</summary>
    /// <param name="model">What learns.</param>
    /// <param name="settings">How.</param>
    /// <param name="trainingLabels">The class of each training row; at least one row.</param>
    /// <param name="validationLabels">The class of each validation row; empty where nothing is validated, and then the last epoch is kept.</param>
    /// <exception cref="ArgumentException">There are no training rows, or no validation rows for a schedule that follows their loss.</exception>
    /// <exception cref="ModelException">The warm-up is longer than the run.</exception>
    public TrainingLoop(ITrainable model, TrainingSettings settings, int[] trainingLabels, int[] validationLabels)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(trainingLabels);
        ArgumentNullException.ThrowIfNull(validationLabels);
        if (trainingLabels.Length == 0)
            throw new ArgumentException("There are no training rows; at least one was expected.", nameof(trainingLabels));
        if (settings.Schedule == ScheduleKind.Plateau && validationLabels.Length == 0)
            throw new ArgumentException("There are no validation rows, whose loss the schedule follows; at least one was expected.", nameof(validationLabels));
        _model = model;
        _settings = settings;
        _trainingLabels = trainingLabels;
        _validationLabels = validationLabels;
        _schedule = settings.ScheduleFor(trainingLabels.Length);
    }

    /// <summary>Trains.</summary>
    /// <param name="onStep">Called after each step.</param>
    /// <param name="onEpoch">Called after each epoch.</param>
    /// <param name="stop">When it is signalled, the run ends after the current step, with the parameters as they are then.</param>
    /// <exception cref="NonFiniteLossException">The loss became NaN or infinite.</exception>
    public TrainingResult Run(Action<TrainingProgress>? onStep = null, Action<EpochResult>? onEpoch = null, CancellationToken stop = default)
    {
        int rows = _trainingLabels.Length;
        int stepsPerEpoch = _settings.StepsPerEpoch(rows);
        LearningRateSchedule schedule = _schedule;
        PlateauRule? plateau = _settings.Schedule == ScheduleKind.Plateau ? new PlateauRule(_settings.Plateau, _settings.LearningRate) : null;
        float[] probabilities = new float[_settings.BatchSize * _model.Classes];
        float[] losses = new float[_settings.BatchSize];
        List<EpochResult> epochs = [];
        EpochResult? best = null;
        Stopwatch total = Stopwatch.StartNew();
        TimeSpan validating = TimeSpan.Zero;
        int step = 0;
        for (int epoch = 1; epoch <= _settings.Epochs; epoch++)
        {
            int[] order = _settings.OrderOf(epoch, rows);
            TimeSpan begin = total.Elapsed;
            double lossSum = 0, rate = 0;
            long seen = 0, right = 0, tokens = 0;
            for (int start = 0; start < rows; start += _settings.BatchSize)
            {
                ReadOnlySpan<int> batch = order.AsSpan(start, Math.Min(_settings.BatchSize, rows - start));
                Span<float> batchProbabilities = probabilities.AsSpan(0, batch.Length * _model.Classes);
                Span<float> batchLosses = losses.AsSpan(0, batch.Length);
                rate = schedule.RateAt(step);
                _model.Step(batch, step, rate, batchProbabilities, batchLosses);
                step++;
                lossSum += SumFinite(batchLosses, batch, epoch, step);
                right += CountRight(batch, batchProbabilities);
                seen += batch.Length;
                tokens += _model.Tokens(batch);
                double seconds = (total.Elapsed - begin).TotalSeconds;
                onStep?.Invoke(new TrainingProgress(
                    epoch, _settings.Epochs, step, schedule.TotalSteps, step - ((epoch - 1) * stepsPerEpoch), stepsPerEpoch, lossSum / seen,
                    (double)right / seen, tokens / seconds, Remaining(total.Elapsed, validating, step, schedule.TotalSteps, epochs.Count)));
                if (stop.IsCancellationRequested && step < schedule.TotalSteps)
                    return new TrainingResult(epochs, 0, step, true);
            }
            TimeSpan trained = total.Elapsed;
            Evaluation? validation = _validationLabels.Length == 0 ? null : Validate();
            validating += total.Elapsed - trained;
            bool isBest = validation is not null && (best?.Validation is null || IsBetter(validation, best.Validation));
            EpochResult result = new(
                epoch, lossSum / seen, (double)right / seen, validation, total.Elapsed - begin, tokens / (trained - begin).TotalSeconds, isBest, rate);
            epochs.Add(result);
            if (isBest)
            {
                best = result;
                // The last epoch's parameters are in place anyway.
                if (_settings.KeepBestEpoch && epoch < _settings.Epochs)
                    _model.Remember();
            }
            onEpoch?.Invoke(result);
            if (plateau is not null)
                schedule = schedule with { PeakRate = plateau.Observe(validation!.Loss) };
        }
        if (!_settings.KeepBestEpoch || best is null || best.Epoch == _settings.Epochs)
            return new TrainingResult(epochs, _settings.Epochs, step, false);
        _model.Recall();
        return new TrainingResult(epochs, best.Epoch, step, false);
    }

    private static bool IsBetter(Evaluation candidate, Evaluation best) =>
        candidate.Accuracy > best.Accuracy || (candidate.Accuracy == best.Accuracy && candidate.Loss < best.Loss);

    private TimeSpan Remaining(TimeSpan elapsed, TimeSpan validating, int step, int totalSteps, int epochsValidated)
    {
        double perStep = (elapsed - validating).TotalSeconds / step;
        double perValidation = epochsValidated == 0 ? 0 : validating.TotalSeconds / epochsValidated;
        // Before the first validation its time is guessed: a forward pass is a third of a step.
        if (epochsValidated == 0)
            perValidation = perStep / 3 * _validationLabels.Length / _settings.BatchSize;
        return TimeSpan.FromSeconds((perStep * (totalSteps - step)) + (perValidation * (_settings.Epochs - epochsValidated)));
    }

    private double SumFinite(ReadOnlySpan<float> losses, ReadOnlySpan<int> batch, int epoch, int step)
    {
        double sum = 0;
        foreach (float loss in losses)
            sum += loss;
        return double.IsFinite(sum) ? sum : throw new NonFiniteLossException(epoch, step, _model.LocateNonFinite(batch), batch.ToArray());
    }

    private int CountRight(ReadOnlySpan<int> batch, ReadOnlySpan<float> probabilities)
    {
        int[] decided = Decision.Classes(probabilities, _model.Classes);
        int right = 0;
        for (int i = 0; i < batch.Length; i++)
            right += decided[i] == _trainingLabels[batch[i]] ? 1 : 0;
        return right;
    }

    private Evaluation Validate()
    {
        float[] probabilities = new float[_validationLabels.Length * _model.Classes];
        float[] losses = new float[_validationLabels.Length];
        _model.Validate(probabilities, losses);
        return new Evaluation(_model.Classes, _validationLabels, probabilities, losses);
    }
}
