using Engine.Model.Data;

namespace Engine.Model.Training;

/// <summary>What the training loop needs to know. The defaults are those of the command <c>train</c>.</summary>
public sealed record TrainingSettings
{
    /// <summary>How often every training row is seen.</summary>
    public int Epochs { get; init; } = 3;

    /// <summary>Rows per optimizer step.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>The learning rate after warm-up.</summary>
    public double LearningRate { get; init; } = 5e-5;

    /// <summary>The part of all steps that warms up, 0 to 1.</summary>
    public double WarmupFraction { get; init; } = 0.1;

    /// <summary>What the learning rate does after warm-up.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Linear;

    /// <summary>Seed of the order of rows.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Whether the parameters of the epoch with the best validation accuracy (of equals the lower loss) are kept, instead of the last ones.</summary>
    public bool KeepBestEpoch { get; init; } = true;

    /// <summary>Number of optimizer steps of an epoch.</summary>
    /// <param name="trainingRows">Number of training rows.</param>
    public int StepsPerEpoch(int trainingRows) => (trainingRows + BatchSize - 1) / BatchSize;

    /// <summary>The order in which an epoch sees the training rows; it depends on the seed and the epoch only.</summary>
    /// <param name="epoch">The epoch, from 1.</param>
    /// <param name="trainingRows">Number of training rows.</param>
    public int[] OrderOf(int epoch, int trainingRows) => SeededRandom.For(Seed, (ulong)epoch).Permutation(trainingRows);

    /// <summary>The schedule for a number of training rows.</summary>
    /// <param name="trainingRows">Number of training rows.</param>
    public LearningRateSchedule ScheduleFor(int trainingRows)
    {
        int total = Epochs * StepsPerEpoch(trainingRows);
        return new LearningRateSchedule(Schedule, LearningRate, (int)(total * WarmupFraction), total);
    }
}
