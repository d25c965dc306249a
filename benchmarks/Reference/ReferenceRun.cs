using Engine.Kernels;
using Engine.Model;
using Engine.Model.Training;

namespace Engine.Benchmarks.Reference;

/// <summary>One way to do the reference job, and what PyTorch reaches with it: means over seeds 1 to 3, epoch by epoch (NaN: not known).</summary>
/// <param name="Name">What a user calls it.</param>
/// <param name="Description">What is trained and how.</param>
/// <param name="Accuracies">PyTorch's validation accuracy after each epoch.</param>
/// <param name="Losses">PyTorch's validation loss after each epoch.</param>
/// <param name="LossMargin">How much worse the mean loss after the third epoch may be.</param>
internal sealed record ReferenceRun(string Name, string Description, double[] Accuracies, double[] Losses, double LossMargin)
{
    /// <summary>How much worse the mean accuracy after the third epoch may be: one seed's standard error on 1,522 rows is near it.</summary>
    public const double AccuracyMargin = 0.01;

    /// <summary>Everything is trained, with a sigmoid on the [CLS] state.</summary>
    public static ReferenceRun Trained { get; } = new(
        "trained", "all layers, sigmoid on the [CLS] state: AdamW 5e-5, decay 0.01, 10 % warm-up, then linear, clip 1, dropout 0.1 in the encoder, batch 16",
        [0.832, 0.831, 0.824], [0.392, 0.409, 0.471], 0.03);

    /// <summary>The head alone is trained, with a sigmoid on the [CLS] state.</summary>
    public static ReferenceRun Frozen { get; } = new(
        "frozen", "head only, encoder frozen, sigmoid on the [CLS] state: Adam 1e-3 constant, no decay, batch 16",
        [double.NaN, double.NaN, 0.786], [double.NaN, double.NaN, 0.467], 0.005);

    /// <summary>The settings of a seed.</summary>
    public FineTuningSettings Settings(ulong seed) => this == Frozen
        ? new FineTuningSettings
        {
            Head = HeadKind.ClsSigmoid,
            Trained = TrainedPart.Head,
            Optimizer = new OptimizerSettings(AdamForm.HuggingFaceAdamW, WeightDecay: 0, MaxGradientNorm: 0),
            Loop = new TrainingSettings { LearningRate = 1e-3, Warmup = 0, Schedule = ScheduleKind.Constant, Seed = seed, KeepBestEpoch = false },
        }
        : new FineTuningSettings
        {
            Head = HeadKind.ClsSigmoid,
            Loop = new TrainingSettings { Seed = seed, KeepBestEpoch = false },
        };
}
