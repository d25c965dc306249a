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

    /// <summary>How long the learning rate rises from 0: below 1 the part of all steps, from 1 on the number of steps.</summary>
    public double Warmup { get; init; } = 0.1;

    /// <summary>What the learning rate does after warm-up.</summary>
    public ScheduleKind Schedule { get; init; } = ScheduleKind.Linear;

    /// <summary>When and by how much <see cref="ScheduleKind.Plateau"/> lowers the rate.</summary>
    public PlateauSettings Plateau { get; init; } = new();

    /// <summary>Whether every epoch sees the rows in an order of its own; otherwise in their own.</summary>
    public bool Shuffle { get; init; } = true;

    /// <summary>Seed of the order of rows.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Whether the parameters of the epoch with the best validation accuracy (of equals the lower loss) are kept, instead of the last ones.</summary>
    public bool KeepBestEpoch { get; init; } = true;

    /// <summary>Number of optimizer steps of an epoch.</summary>
    /// <param name="trainingRows">Number of training rows.</param>
    public int StepsPerEpoch(int trainingRows) => (int)(((long)trainingRows + BatchSize - 1) / BatchSize);

    /// <summary>The order in which an epoch sees the training rows: as they are, or shuffled by the seed and the epoch alone.</summary>
    /// <param name="epoch">The epoch, from 1.</param>
    /// <param name="trainingRows">Number of training rows.</param>
    public int[] OrderOf(int epoch, int trainingRows) =>
        Shuffle ? SeededRandom.For(Seed, (ulong)epoch).Permutation(trainingRows) : [.. Enumerable.Range(0, trainingRows)];

    /// <summary>The schedule for a number of training rows.</summary>
    /// <param name="trainingRows">Number of training rows.</param>
    /// <exception cref="ModelException">The warm-up is longer than the run, or the run longer than steps can be counted.</exception>
    public LearningRateSchedule ScheduleFor(int trainingRows)
    {
        if ((long)Epochs * StepsPerEpoch(trainingRows) > int.MaxValue)
            throw new ModelException(
                $"{Epochs} epochs of {StepsPerEpoch(trainingRows)} steps are more than {int.MaxValue} steps, and at most as many were expected; train for fewer epochs.");
        int total = Epochs * StepsPerEpoch(trainingRows);
        if (Warmup > total && Warmup >= 1)
            throw new ModelException(
                $"The warm-up has {Warmup} steps, and the whole run {total} ({Epochs} epochs of {StepsPerEpoch(trainingRows)}); "
                + "at most as many were expected; shorten the warm-up or train for more epochs.");
        return new LearningRateSchedule(Schedule, LearningRate, (int)(Warmup < 1 ? total * Warmup : Warmup), total);
    }
}
