using Engine.Compute;
using Engine.Kernels;
using Engine.Model.Data;
using Engine.Model.Training;
using Engine.Model.Training.Runs;
using Engine.Tokenizer;

namespace Engine.Model.Tests.Training.Runs;

/// <summary>A run of 4 steps an epoch on a BERT of two layers: 27 rows train, 9 validate.</summary>
internal sealed class SmallRun(ComputeDevice device, FineTuningSettings settings, bool validates = true)
{
    public const int StepsPerEpoch = 4;

    /// <summary>Everything is trained, with all that has a state or draws numbers: dropout, micro-batches, warm-up, the plateau rule, the best epoch.</summary>
    public static FineTuningSettings Whole { get; } = new()
    {
        HeadDropout = 0.2f,
        EncoderDropout = 0.1f,
        MicroBatchSize = 3,
        Loop = new TrainingSettings
        {
            Epochs = 4,
            BatchSize = 7,
            LearningRate = 3e-3,
            Warmup = 3,
            Schedule = ScheduleKind.Plateau,
            // No later loss is lower by 100: the rate falls from the second epoch on.
            Plateau = new PlateauSettings(Factor: 0.5, MinDelta: 100),
        },
    };

    /// <summary>The head alone is trained, as Keras does it.</summary>
    public static FineTuningSettings Frozen { get; } = new()
    {
        Head = HeadKind.ClsSigmoid,
        Initializer = HeadInitializer.GlorotUniform,
        HeadDropout = 0.3f,
        Trained = TrainedPart.Head,
        Optimizer = new OptimizerSettings(AdamForm.KerasAdam, 0, 0),
        Loop = new TrainingSettings { Epochs = 3, BatchSize = 7, LearningRate = 0.05, Warmup = 0, Schedule = ScheduleKind.Constant },
    };

    /// <summary>Everything is trained, the last epoch is kept, the rate falls along a cosine.</summary>
    public static FineTuningSettings Last { get; } = new()
    {
        Head = HeadKind.MeanSoftmax,
        Optimizer = new OptimizerSettings(AdamForm.BertAdam),
        Loop = new TrainingSettings { Epochs = 3, BatchSize = 7, LearningRate = 1e-3, Warmup = 0.2, Schedule = ScheduleKind.Cosine, Shuffle = false, KeepBestEpoch = false },
    };

    public int Steps => settings.Loop.Epochs * StepsPerEpoch;

    /// <summary>Runs in one go, or from what is in a folder, and returns all that came of it.</summary>
    /// <param name="folder">The run's folder, or null.</param>
    /// <param name="every">Steps between checkpoints.</param>
    /// <param name="onStep">Called after each step.</param>
    /// <param name="stop">Stops the run.</param>
    /// <param name="onDamaged">Told of damaged checkpoints.</param>
    public Outcome Run(string? folder = null, int every = 0, Action<int>? onStep = null, CancellationToken stop = default, Action<string>? onDamaged = null)
    {
        using FineTuning run = FineTuning.Prepare(
            device, Fixtures.At("models", "erf"), settings, new LabelMap(["no", "yes"]), Rows(27, 1), validates ? Rows(9, 2) : null);
        using RunFolder? saved = folder is null ? null
            : RunFolder.IsUnfinished(folder) ? RunFolder.Continue(folder) : RunFolder.Start(folder, new RunRecord(new Dictionary<string, string[]>(), run.Describe()));
        saved?.Record.CheckSame(folder!, run.Describe());
        TrainingCheckpoint? from = saved?.FindCheckpoint(onDamaged ?? (message => throw new InvalidOperationException(message)));
        TrainingResult result = run.Run(progress => onStep?.Invoke(progress.Step), null, stop, saved is null ? null : new RunSaves(saved, every, from));
        saved?.Complete(run.Save, isFinished: !result.Stopped);
        return new Outcome(
            result, [.. run.Model.Parameters.Tensors.SelectMany(tensor => run.Model.ReadParameter(tensor.Name))],
            [.. result.Epochs.Select(epoch => (epoch.TrainingLoss, epoch.TrainingAccuracy, epoch.Validation?.Loss, epoch.Validation?.F1, epoch.IsBest, epoch.LearningRate))],
            from?.Step ?? 0);
    }

    private static LabelledTexts Rows(int count, ulong seed)
    {
        SeededRandom random = new(seed);
        int[][] rows = [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, 3 + random.NextBelow(6)).Select(_ => 10 + random.NextBelow(200)).ToArray())];
        int[] ids = [.. rows.SelectMany(row => row)];
        return new LabelledTexts(
            TokenizedTexts.FromTokens(ids, new int[ids.Length], [0, .. rows.Select((_, i) => rows[..(i + 1)].Sum(row => row.Length))]),
            [.. rows.Select(row => row[1] % 2)]);
    }

    /// <summary>What came of a run: the result, all parameters, each epoch's figures, and the step that it was continued from.</summary>
    internal sealed record Outcome(
        TrainingResult Result, float[] Parameters, (double Loss, double Accuracy, double? ValidationLoss, double? F1, bool IsBest, double Rate)[] Epochs, int From);
}
