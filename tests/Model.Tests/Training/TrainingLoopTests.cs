using Engine.Model.Training;
using Xunit;

namespace Engine.Model.Tests.Training;

public sealed class TrainingLoopTests
{
    private static readonly double[] Features = [-2, -1, 1, 2, -3, 3, -1.5];
    private static readonly int[] Labels = [0, 0, 1, 1, 0, 1, 0];

    [Fact]
    public void Every_epoch_sees_every_row_once_in_an_order_of_its_own()
    {
        LogisticModel model = new(Features, Labels, [], []);
        TrainingResult result = Run(model, new TrainingSettings { Epochs = 3, BatchSize = 3, Seed = 4 });
        Assert.Equal(9, result.StepsDone);
        Assert.Equal(Enumerable.Range(0, 9), model.Steps);
        int[][] epochs = [.. model.Batches.Chunk(3).Select(batches => batches.SelectMany(batch => batch).ToArray())];
        Assert.All(epochs, order => Assert.Equal(Enumerable.Range(0, 7), order.Order()));
        Assert.All(model.Batches.Chunk(3), batches => Assert.Equal([3, 3, 1], batches.Select(batch => batch.Length)));
        Assert.NotEqual(epochs[0], epochs[1]);
        LogisticModel again = new(Features, Labels, [], []);
        Run(again, new TrainingSettings { Epochs = 3, BatchSize = 3, Seed = 4 });
        Assert.Equal(model.Batches, again.Batches);
        Assert.Equal(model.Weight, again.Weight);
        LogisticModel other = new(Features, Labels, [], []);
        Run(other, new TrainingSettings { Epochs = 3, BatchSize = 3, Seed = 5 });
        Assert.NotEqual(model.Batches, other.Batches);
    }

    [Fact]
    public void The_rate_follows_the_schedule_over_all_steps()
    {
        LogisticModel model = new(Features, Labels, [], []);
        Run(model, new TrainingSettings { Epochs = 4, BatchSize = 3, LearningRate = 0.5, Warmup = 0.25 });
        LearningRateSchedule schedule = new(ScheduleKind.Linear, 0.5, 3, 12);
        Assert.Equal(Enumerable.Range(0, 12).Select(schedule.RateAt), model.Rates);
    }

    [Theory]
    [InlineData(0.25, 3)]
    [InlineData(0.99, 11)]
    [InlineData(1, 1)]
    [InlineData(5, 5)]
    public void Warm_up_is_a_part_of_the_run_or_a_number_of_steps(double warmup, int steps) =>
        Assert.Equal(steps, new TrainingSettings { Epochs = 4, BatchSize = 3, Warmup = warmup }.ScheduleFor(7).WarmupSteps);

    [Fact]
    public void A_warm_up_longer_than_the_run_is_refused()
    {
        ModelException exception = Assert.Throws<ModelException>(() => new TrainingSettings { Epochs = 4, BatchSize = 3, Warmup = 13 }.ScheduleFor(7));
        Assert.Contains("13 steps, and the whole run 12 (4 epochs of 3)", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_shuffling_rows_come_in_their_order()
    {
        LogisticModel model = new(Features, Labels, [], []);
        Run(model, new TrainingSettings { Epochs = 2, BatchSize = 3, Shuffle = false });
        Assert.Equal([[0, 1, 2], [3, 4, 5], [6], [0, 1, 2], [3, 4, 5], [6]], model.Batches);
    }

    [Fact]
    public void On_a_plateau_the_next_epoch_has_a_lower_rate_after_warm_up_too()
    {
        // Training labels are the opposite of the validation's, so that no further epoch is better: after epochs 2 and 3 the rate is halved.
        LogisticModel model = new(Features, [.. Labels.Select(label => 1 - label)], Features, Labels);
        TrainingSettings settings = new()
        {
            Epochs = 4,
            BatchSize = 4,
            LearningRate = 0.5,
            Warmup = 5,
            Schedule = ScheduleKind.Plateau,
            Plateau = new PlateauSettings(Factor: 0.5),
        };
        TrainingResult result = Run(model, settings, Labels);
        // The warm-up's fifth step comes after the first reduction and is as much of the lower rate.
        Assert.Equal([0, 0.1, 0.2, 0.3, 0.2, 0.25, 0.125, 0.125], model.Rates.Select(rate => Math.Round(rate, 12)));
        Assert.Equal([0.1, 0.3, 0.25, 0.125], result.Epochs.Select(epoch => Math.Round(epoch.LearningRate, 12)));
        Assert.Throws<ArgumentException>(() => Run(model, settings));
    }

    [Fact]
    public void It_learns_and_reports_loss_and_accuracy()
    {
        LogisticModel model = new(Features, Labels, Features, Labels);
        List<TrainingProgress> progress = [];
        TrainingResult result = Run(
            model, new TrainingSettings { Epochs = 20, BatchSize = 4, LearningRate = 1, Warmup = 0, Schedule = ScheduleKind.Constant }, Labels, progress.Add);
        Assert.Equal(20, result.Epochs.Count);
        Assert.Equal(1.0, result.Epochs[^1].Validation!.Accuracy);
        Assert.True(result.Epochs[^1].TrainingLoss < result.Epochs[0].TrainingLoss / 2);
        Assert.Equal(40, progress.Count);
        Assert.Equal((20, 40, 2), (progress[^1].Epoch, progress[^1].Step, progress[^1].StepInEpoch));
        Assert.Equal(result.Epochs[^1].TrainingLoss, progress[^1].Loss, 12);
        Assert.True(progress[0].Remaining > TimeSpan.Zero);
    }

    [Fact]
    public void The_best_epoch_is_kept()
    {
        // Training labels are the opposite of the validation's, so that every further epoch is worse.
        LogisticModel model = new(Features, [.. Labels.Select(label => 1 - label)], Features, Labels);
        TrainingSettings settings = new() { Epochs = 3, BatchSize = 7, LearningRate = 0.5, Warmup = 0, Schedule = ScheduleKind.Constant };
        TrainingResult result = Run(model, settings, Labels);
        Assert.Equal(1, result.KeptEpoch);
        Assert.Equal([true, false, false], result.Epochs.Select(epoch => epoch.IsBest));
        Assert.Equal((1, 1), (model.Remembered, model.Recalled));
        LogisticModel one = new(Features, [.. Labels.Select(label => 1 - label)], Features, Labels);
        Run(one, settings with { Epochs = 1 }, Labels);
        Assert.Equal(one.Weight, model.Weight);

        LogisticModel last = new(Features, [.. Labels.Select(label => 1 - label)], Features, Labels);
        TrainingResult kept = Run(last, settings with { KeepBestEpoch = false }, Labels);
        Assert.Equal(3, kept.KeptEpoch);
        Assert.Equal((0, 0), (last.Remembered, last.Recalled));
    }

    [Fact]
    public void A_stop_ends_after_the_step()
    {
        using CancellationTokenSource stop = new();
        LogisticModel model = new(Features, Labels, Features, Labels) { AfterStep = step => { if (step == 3) stop.Cancel(); } };
        TrainingResult result = new TrainingLoop(model, new TrainingSettings { BatchSize = 3 }, Labels, Labels).Run(stop: stop.Token);
        Assert.True(result.Stopped);
        Assert.Equal(4, result.StepsDone);
        Assert.Equal(0, result.KeptEpoch);
        Assert.Single(result.Epochs);
    }

    [Fact]
    public void A_loss_that_is_not_finite_stops_with_step_layer_and_batch()
    {
        LogisticModel model = new(Features, Labels, [], []) { FailAtStep = 4 };
        NonFiniteLossException exception = Assert.Throws<NonFiniteLossException>(() => Run(model, new TrainingSettings { BatchSize = 3 }));
        Assert.Equal((2, 5), (exception.Epoch, exception.Step));
        Assert.Equal(model.Batches[^1], exception.Rows);
        Assert.Contains("step 5 (epoch 2): layer 1 is not finite; batch of training rows " + string.Join(", ", model.Batches[^1]), exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Predictions_that_are_all_alike_are_noticed()
    {
        Assert.True(new Evaluation(2, [0, 1], [0.9f, 0.1f, 0.6f, 0.4f], [0.1f, 0.9f]).IsUniform);
        Assert.False(new Evaluation(2, [0, 1], [0.9f, 0.1f, 0.4f, 0.6f], [0.1f, 0.9f]).IsUniform);
        Assert.Equal([2, 0], Decision.Classes([0.1f, 0.2f, 0.7f, 0.4f, 0.4f, 0.2f], 3));
        Assert.Equal([1, 0], Decision.Classes([0.7f, 0.3f, 0.71f, 0.29f], 2, 0.3));
    }

    private static TrainingResult Run(LogisticModel model, TrainingSettings settings, int[]? validationLabels = null, Action<TrainingProgress>? onStep = null) =>
        new TrainingLoop(model, settings, Labels, validationLabels ?? []).Run(onStep);
}
