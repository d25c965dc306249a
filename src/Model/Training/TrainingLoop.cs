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
    /// <param name="saves">How the run is saved and where it is continued; null: neither.</param>
    /// <exception cref="NonFiniteLossException">The loss became NaN or infinite.</exception>
    /// <exception cref="ModelException">The validation loss did, or the run that is continued does not fit.</exception>
    public TrainingResult Run(
        Action<TrainingProgress>? onStep = null, Action<EpochResult>? onEpoch = null, CancellationToken stop = default, TrainingSaves? saves = null)
    {
        int rows = _trainingLabels.Length;
        int stepsPerEpoch = _settings.StepsPerEpoch(rows);
        TrainingState from = saves?.From ?? TrainingState.Start;
        CheckFits(from, stepsPerEpoch);
        PlateauRule? plateau = MakePlateau(from);
        LearningRateSchedule schedule = plateau is null ? _schedule : _schedule with { PeakRate = plateau.State.Rate };
        int largestBatch = Math.Min(_settings.BatchSize, rows);
        float[] probabilities = new float[largestBatch * _model.Classes];
        float[] losses = new float[largestBatch];
        List<EpochResult> epochs = [.. from.Epochs];
        EpochResult? best = epochs.FindLast(epoch => epoch.IsBest);
        Stopwatch total = Stopwatch.StartNew();
        TimeSpan validating = TimeSpan.Zero;
        int step = from.Step;
        for (int epoch = from.Epoch; epoch <= _settings.Epochs; epoch++)
        {
            int[] order = _settings.OrderOf(epoch, rows);
            (EpochTally tally, int first) = epoch == from.Epoch ? (from.Tally, from.StepInEpoch * _settings.BatchSize) : default;
            TimeSpan begin = total.Elapsed - TimeSpan.FromSeconds(tally.Seconds);
            for (int start = first; start < rows; start += _settings.BatchSize)
            {
                ReadOnlySpan<int> batch = order.AsSpan(start, Math.Min(_settings.BatchSize, rows - start));
                Span<float> batchProbabilities = probabilities.AsSpan(0, batch.Length * _model.Classes);
                Span<float> batchLosses = losses.AsSpan(0, batch.Length);
                _model.Step(batch, step, schedule.RateAt(step), batchProbabilities, batchLosses);
                step++;
                tally = new EpochTally(
                    tally.LossSum + SumFinite(batchLosses, batch, epoch, step), tally.Rows + batch.Length, tally.Right + CountRight(batch, batchProbabilities),
                    tally.Tokens + _model.Tokens(batch), (total.Elapsed - begin).TotalSeconds);
                onStep?.Invoke(new TrainingProgress(
                    epoch, _settings.Epochs, step, schedule.TotalSteps, step - ((epoch - 1) * stepsPerEpoch), stepsPerEpoch, tally.LossSum / tally.Rows,
                    (double)tally.Right / tally.Rows, tally.Tokens / tally.Seconds,
                    Remaining(total.Elapsed, validating, step - from.Step, schedule.TotalSteps - step, epochs.Count - from.Epochs.Count, _settings.Epochs - epochs.Count)));
                bool stopping = stop.IsCancellationRequested && step < schedule.TotalSteps;
                // The epoch's end has a save of its own, after the validation.
                if (stopping || (saves is { EverySteps: > 0 } && step % saves.EverySteps == 0 && start + batch.Length < rows))
                    saves?.Save(new TrainingState(step, epoch, step - ((epoch - 1) * stepsPerEpoch), tally, Validating(), [.. epochs], plateau?.State));
                if (stopping)
                    return new TrainingResult(epochs, 0, step, true);
            }
            TimeSpan trained = total.Elapsed;
            Evaluation? validation = _validationLabels.Length == 0 ? null : Validate(epoch, step);
            validating += total.Elapsed - trained;
            bool isBest = validation is not null && (best?.Validation is null || IsBetter(validation, best.Validation));
            EpochResult result = new(
                epoch, tally.LossSum / tally.Rows, (double)tally.Right / tally.Rows, validation, total.Elapsed - begin,
                tally.Tokens / (trained - begin).TotalSeconds, isBest, schedule.RateAt(step - 1));
            epochs.Add(result);
            if (isBest)
            {
                best = result;
                // The last epoch's parameters are in place anyway.
                if (_settings.KeepBestEpoch && epoch < _settings.Epochs)
                    _model.Remember();
            }
            if (plateau is not null)
                schedule = schedule with { PeakRate = plateau.Observe(validation!.Loss) };
            onEpoch?.Invoke(result);
            saves?.Save(new TrainingState(step, epoch + 1, 0, default, Validating(), [.. epochs], plateau?.State));
            if (stop.IsCancellationRequested && epoch < _settings.Epochs)
                return new TrainingResult(epochs, 0, step, true);
        }
        if (!_settings.KeepBestEpoch || best is null || best.Epoch == _settings.Epochs)
            return new TrainingResult(epochs, _settings.Epochs, step, false);
        _model.Recall();
        return new TrainingResult(epochs, best.Epoch, step, false);

        double Validating() => from.ValidationSeconds + validating.TotalSeconds;
    }

    private PlateauRule? MakePlateau(TrainingState from)
    {
        if (_settings.Schedule != ScheduleKind.Plateau)
            return null;
        PlateauRule rule = new(_settings.Plateau, _settings.LearningRate);
        if (from.Plateau is not null)
            rule.State = from.Plateau;
        return rule;
    }

    private void CheckFits(TrainingState from, int stepsPerEpoch)
    {
        bool fits = from.Epoch >= 1 && from.Epoch <= _settings.Epochs + 1 && from.StepInEpoch >= 0 && from.StepInEpoch <= (from.Epoch > _settings.Epochs ? 0 : stepsPerEpoch)
            && from.Step == ((from.Epoch - 1) * stepsPerEpoch) + from.StepInEpoch && from.Epochs.Count == from.Epoch - 1;
        if (!fits)
        {
            throw new ModelException(
                $"The saved run stands at step {from.Step}, in epoch {from.Epoch} at step {from.StepInEpoch}, {from.Epochs.Count} epochs done, which does not fit "
                + $"{_settings.Epochs} epochs of {stepsPerEpoch} steps; continue it with the data and settings that it was started with.");
        }
    }

    private static bool IsBetter(Evaluation candidate, Evaluation best) =>
        candidate.Accuracy > best.Accuracy || (candidate.Accuracy == best.Accuracy && candidate.Loss < best.Loss);

    private TimeSpan Remaining(TimeSpan elapsed, TimeSpan validating, int steps, int stepsLeft, int epochsValidated, int epochsLeft)
    {
        double perStep = (elapsed - validating).TotalSeconds / steps;
        double perValidation = epochsValidated == 0 ? 0 : validating.TotalSeconds / epochsValidated;
        // Before the first validation its time is guessed: a forward pass is a third of a step.
        if (epochsValidated == 0)
            perValidation = perStep / 3 * _validationLabels.Length / _settings.BatchSize;
        return TimeSpan.FromSeconds((perStep * stepsLeft) + (perValidation * epochsLeft));
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

    private Evaluation Validate(int epoch, int step)
    {
        float[] probabilities = new float[_validationLabels.Length * _model.Classes];
        float[] losses = new float[_validationLabels.Length];
        _model.Validate(probabilities, losses);
        Evaluation evaluation = new(_model.Classes, _validationLabels, probabilities, losses);
        return double.IsFinite(evaluation.Loss) ? evaluation : throw new ModelException(
            $"The validation loss is not finite after step {step} (epoch {epoch}); a finite loss was expected; lower the learning rate.");
    }
}
