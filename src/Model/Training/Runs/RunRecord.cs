using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Engine.Compute;
using Engine.Model.Checkpoints;
using Engine.Model.Conversion;
using Engine.Model.Data;
using Engine.Tokenizer;

namespace Engine.Model.Training.Runs;

/// <summary>What a run is, written at its beginning so that it can be continued and nothing else under its name.</summary>
/// <param name="Options">The command's options that were given, with their values, so that whoever continues need not repeat them.</param>
/// <param name="Settings">All that the result depends on, each under its name: the settings, the device's arithmetic, and hashes of model and rows.</param>
public sealed record RunRecord(IReadOnlyDictionary<string, string[]> Options, IReadOnlyDictionary<string, string> Settings)
{
    /// <summary>Refuses a run that is not the recorded one.</summary>
    /// <param name="folder">The run's folder, for the message.</param>
    /// <param name="now">The settings as they are now.</param>
    /// <exception cref="ModelException">Something differs; the message names all that does.</exception>
    public void CheckSame(string folder, IReadOnlyDictionary<string, string> now)
    {
        ArgumentNullException.ThrowIfNull(now);
        string[] differences =
        [
            .. Settings.Keys.Union(now.Keys).Where(name => Value(Settings, name) != Value(now, name))
                .Select(name => $"{name} was {Value(Settings, name)} and is {Value(now, name)}"),
        ];
        if (differences.Length > 0)
        {
            throw new ModelException(
                $"{folder}: the run was started differently, and continuing it would not give its result: {string.Join("; ", differences)}; "
                + "continue it as it was started, or start a new one with --out.");
        }

        static string Value(IReadOnlyDictionary<string, string> settings, string name) => settings.GetValueOrDefault(name, "nothing");
    }

    /// <summary>Describes all that a run's result depends on.</summary>
    internal static SortedDictionary<string, string> Describe(
        ComputeDevice device, string modelFolder, FineTuningSettings settings, BertConfiguration configuration, LabelledTexts training, LabelledTexts? validation)
    {
        TrainingSettings loop = settings.Loop;
        SortedDictionary<string, string> all = new(StringComparer.Ordinal)
        {
            ["batch_size"] = Text(loop.BatchSize),
            ["device"] = device.ArithmeticName,
            ["dropout"] = Text(configuration.Head!.Dropout),
            ["epochs"] = Text(loop.Epochs),
            ["head"] = settings.Head.ToString(),
            ["head_initializer"] = settings.Initializer.ToString(),
            ["keep"] = loop.KeepBestEpoch ? "best" : "last",
            ["labels"] = string.Join(", ", configuration.Head.Labels.Select(label => $"\"{label}\"")),
            ["learning_rate"] = Text(loop.LearningRate),
            ["max_gradient_norm"] = Text(settings.Optimizer.MaxGradientNorm),
            ["max_length"] = Text(settings.MaxLength),
            ["micro_batch_size"] = Text(settings.MicroBatchSize),
            ["model_configuration"] = HashedFile.Of(modelFolder, Path.Combine(modelFolder, BertConfiguration.FileName)).Hash,
            ["model_weights"] = HashedFile.Of(modelFolder, Path.Combine(modelFolder, ModelFolder.WeightsName)).Hash,
            ["optimizer"] = Text($"{settings.Optimizer.Form} ({settings.Optimizer.Beta1}, {settings.Optimizer.Beta2}, {settings.Optimizer.Epsilon})"),
            ["schedule"] = loop.Schedule.ToString(),
            ["seed"] = Text(loop.Seed),
            ["shuffle"] = loop.Shuffle ? "yes" : "no",
            ["trained"] = settings.Trained.ToString(),
            ["training_rows"] = Rows(training),
            ["validation_rows"] = validation is null ? "none" : Rows(validation),
            ["warmup"] = Text(loop.Warmup),
            ["weight_decay"] = Text(settings.Optimizer.WeightDecay),
        };
        if (settings.Trained == TrainedPart.All)
            all["encoder_dropout"] = Text($"{configuration.HiddenDropout} of states, {configuration.AttentionDropout} of attention");
        if (loop.Schedule == ScheduleKind.Plateau)
        {
            PlateauSettings plateau = loop.Plateau;
            all["plateau"] = Text(
                $"factor {plateau.Factor}, patience {plateau.Patience}, min_delta {plateau.MinDelta}, cooldown {plateau.Cooldown}, min_rate {plateau.MinRate}");
        }
        return all;
    }

    private static string Rows(LabelledTexts rows)
    {
        XxHash128 hash = new();
        TokenizedTexts texts = rows.Texts;
        foreach (int[] numbers in new[] { texts.SequenceOffsets, texts.Ids, texts.Types, rows.Labels })
            hash.Append(MemoryMarshal.AsBytes(numbers.AsSpan()));
        return $"{rows.Count} with the xxh128 {Convert.ToHexStringLower(hash.GetCurrentHash())}";
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Text<T>(T value)
        where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);
}
