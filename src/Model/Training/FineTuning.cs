using Engine.Compute;
using Engine.Model.Data;
using Engine.Model.Inference;
using Engine.Model.Training.Profiling;
using Engine.Model.Training.Runs;
using Engine.Tokenizer;

namespace Engine.Model.Training;

/// <summary>One fine-tuning run: a checkpoint, labelled texts, a head; trained, evaluated, saved.</summary>
public sealed class FineTuning : IDisposable
{
    private readonly FineTuningSettings _settings;
    private readonly WordPieceTokenizer _tokenizer;
    private readonly BertModel _model;
    private readonly LabelledTexts _training;
    private readonly LabelledTexts? _validation;
    private readonly ComputeDevice _device;
    private readonly string _folder;

    private FineTuning(
        ComputeDevice device, string folder, FineTuningSettings settings, WordPieceTokenizer tokenizer, BertModel model, LabelledTexts training,
        LabelledTexts? validation)
    {
        _device = device;
        _folder = folder;
        _settings = settings;
        _tokenizer = tokenizer;
        _model = model;
        _training = training;
        _validation = validation;
    }

    /// <summary>The model.</summary>
    public BertModel Model => _model;

    /// <summary>The tokenized training texts.</summary>
    public TokenizedTexts TrainingTexts => _training.Texts;

    /// <summary>The tokenized validation texts, or null.</summary>
    public TokenizedTexts? ValidationTexts => _validation?.Texts;

    /// <summary>Loads the checkpoint and tokenizes; nothing is trained yet.</summary>
    /// <param name="device">Where to compute; it stays the caller's.</param>
    /// <param name="folder">A model folder in Hugging Face layout.</param>
    /// <param name="settings">How to train.</param>
    /// <param name="labels">The classes.</param>
    /// <param name="training">The training rows, with labels.</param>
    /// <param name="validation">The validation rows, with labels, or null.</param>
    /// <exception cref="ModelException">The folder, the head or a label does not fit.</exception>
    /// <exception cref="IOException">The vocabulary is absent.</exception>
    /// <exception cref="InvalidDataException">The vocabulary is damaged.</exception>
    public static FineTuning Prepare(
        ComputeDevice device, string folder, FineTuningSettings settings, LabelMap labels, TextTable training, TextTable? validation)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(labels);
        BertConfiguration configuration = BertConfiguration.Load(folder);
        WordPieceTokenizer tokenizer = WordPieceTokenizer.Load(folder);
        return Prepare(device, folder, settings, labels, Encode(training), validation is null ? null : Encode(validation));

        LabelledTexts Encode(TextTable table) => new(TextLengths.Encode(tokenizer, configuration, table, settings.MaxLength), labels.Encode(table));
    }

    /// <summary>Loads the checkpoint for texts that are tokens already; nothing is trained yet.</summary>
    /// <param name="device">Where to compute; it stays the caller's.</param>
    /// <param name="folder">A model folder in Hugging Face layout.</param>
    /// <param name="settings">How to train.</param>
    /// <param name="labels">The classes.</param>
    /// <param name="training">The training rows; at least one.</param>
    /// <param name="validation">The validation rows, or null.</param>
    /// <exception cref="ModelException">The folder or the head does not fit, or the warm-up is longer than the run.</exception>
    /// <exception cref="IOException">The vocabulary is absent.</exception>
    /// <exception cref="InvalidDataException">The vocabulary is damaged.</exception>
    public static FineTuning Prepare(
        ComputeDevice device, string folder, FineTuningSettings settings, LabelMap labels, LabelledTexts training, LabelledTexts? validation)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(training);
        settings.Loop.ScheduleFor(training.Count);
        BertConfiguration configuration = BertConfiguration.Load(folder);
        WordPieceTokenizer tokenizer = WordPieceTokenizer.Load(folder);
        BatchLimits limits = settings.Trained == TrainedPart.Head
            ? HeadTraining.LimitsOf(settings, training.Texts, validation?.Texts)
            : EncoderTraining.LimitsOf(settings, training.Texts, validation?.Texts);
        // Any text that the run may still be asked about fits.
        limits = limits with { MaxTokens = Math.Max(limits.MaxTokens, Math.Min(settings.MaxLength, configuration.MaxPositions)) };
        BertModel model = BertModel.Load(
            device, folder, HeadOf(settings, configuration, labels), settings.Loop.Seed, limits, settings.Trained, encoderDropout: settings.EncoderDropout);
        if (settings.Initializer == HeadInitializer.GlorotUniform)
        {
            ParameterTensor weight = model.Parameters.Tensors.Single(tensor => tensor.IsHead && tensor.Shape.Count == 2);
            model.WriteParameter(weight.Name, GlorotUniform.Draw(weight.Shape[0], weight.Shape[1], settings.Loop.Seed));
        }
        return new FineTuning(device, folder, settings, tokenizer, model, training, validation);
    }

    /// <summary>All that the result depends on, each under its name: settings, the device's arithmetic, hashes of model and rows. For <see cref="RunRecord"/>.</summary>
    /// <exception cref="ModelException">The model's files cannot be read.</exception>
    public IReadOnlyDictionary<string, string> Describe() => RunRecord.Describe(_device, _folder, _settings, _model.Configuration, _training, _validation);

    /// <summary>Trains.</summary>
    /// <param name="onStep">Called after each step.</param>
    /// <param name="onEpoch">Called after each epoch.</param>
    /// <param name="stop">When it is signalled, the run ends after the current step.</param>
    /// <param name="saves">Where and when the run is saved, so that it can be continued; null: never.</param>
    /// <param name="profile">What measures where the time goes; null: nothing does.</param>
    /// <exception cref="NonFiniteLossException">The loss became NaN or infinite.</exception>
    /// <exception cref="OperationCanceledException">The user asked to stop before the first step.</exception>
    /// <exception cref="ModelException">A checkpoint cannot be saved, or the one to continue from does not fit.</exception>
    public TrainingResult Run(
        Action<TrainingProgress>? onStep = null,
        Action<EpochResult>? onEpoch = null,
        CancellationToken stop = default,
        RunSaves? saves = null,
        TrainingProfile? profile = null)
    {
        if (profile is null)
            return Train(onStep, onEpoch, stop, saves, null);
        profile.Begin();
        try
        {
            return Train(onStep, onEpoch, stop, saves, profile);
        }
        finally
        {
            profile.End();
        }
    }

    private TrainingResult Train(
        Action<TrainingProgress>? onStep, Action<EpochResult>? onEpoch, CancellationToken stop, RunSaves? saves, TrainingProfile? profile)
    {
        int[] validationLabels = _validation?.Labels ?? [];
        BestParameters best = new(_model);
        ITrainable trainable = _settings.Trained == TrainedPart.Head
            ? new HeadTraining(_model, _settings, _training, _validation, best, stop)
            : new EncoderTraining(_model, _settings, _training, _validation, best);
        if (profile is not null)
            trainable = new ProfiledTraining(trainable, profile);
        TrainingLoop loop = new(trainable, _settings.Loop, _training.Labels, validationLabels);
        if (saves is null)
            return loop.Run(onStep, onEpoch, stop);
        TrainingState? from = saves.From?.Restore(_model, _settings.Loop, _training.Count, validationLabels, best);
        return loop.Run(onStep, onEpoch, stop, new TrainingSaves(Save, saves.EverySteps, from));

        void Save(TrainingState state) => saves.Folder.Save(_model, _settings.Loop, _training.Count, best.Snapshot, state);
    }

    /// <summary>Classifies the rows of a table with the model as it is now.</summary>
    /// <param name="table">The rows.</param>
    /// <param name="labels">The class of each row, or null.</param>
    /// <returns>Probabilities [rows, classes], losses [rows] (empty without labels), and the number of texts that were cut.</returns>
    public (float[] Probabilities, float[] Losses, int CutTexts) Classify(TextTable table, int[]? labels)
    {
        ArgumentNullException.ThrowIfNull(table);
        TokenizedTexts texts = TextLengths.Encode(_tokenizer, _model.Configuration, table, _settings.MaxLength);
        float[] probabilities = new float[table.Count * _model.Configuration.Head!.Labels.Count];
        float[] losses = new float[labels is null ? 0 : table.Count];
        BatchedClassification.Run(_model, texts, labels, probabilities, losses);
        return (probabilities, losses, texts.CutTexts);
    }

    /// <summary>Writes the model as it is now in Hugging Face layout.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="ModelException">It cannot be written.</exception>
    public void Save(string folder) => _model.Save(folder);

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    private static HeadOptions HeadOf(FineTuningSettings settings, BertConfiguration configuration, LabelMap labels)
    {
        HeadOptions head = new(settings.Head, labels.Names);
        float configured = head.Pooling == Pooling.Pooled ? configuration.Head?.Dropout ?? configuration.HiddenDropout : 0f;
        return head with { Dropout = settings.HeadDropout ?? configured };
    }
}
