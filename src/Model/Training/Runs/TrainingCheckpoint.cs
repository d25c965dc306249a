using System.Globalization;
using Engine.Model.Checkpoints;
using Engine.Model.Conversion;

namespace Engine.Model.Training.Runs;

/// <summary>
/// One saved state of a run: a folder with <c>state.safetensors</c> (trained parameters, both moments, the best epoch's parameters, the validations'
/// probabilities and losses) and <c>checkpoint.json</c>.
/// </summary>
public sealed class TrainingCheckpoint
{
    private const string ArraysName = "state.safetensors";
    private const string BestName = "best_parameters";

    private readonly CheckpointRecord _record;

    private TrainingCheckpoint(string folder, CheckpointRecord record)
    {
        Folder = folder;
        _record = record;
    }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>Optimizer steps done.</summary>
    public int Step => _record.Step;

    /// <summary>The name of a state's folder: in the order of the steps, and those of the ends of epochs after the last step's own.</summary>
    internal static string NameOf(TrainingState state) => string.Create(
        CultureInfo.InvariantCulture, $"step-{state.Step:D9}{(state.StepInEpoch == 0 ? $"-epoch-{state.Epoch - 1}" : "")}");

    /// <summary>Writes model and state into a new folder that nobody reads yet; the files are flushed.</summary>
    /// <exception cref="ModelException">Something cannot be written.</exception>
    internal static void Write(string folder, BertModel model, TrainingSettings settings, int trainingRows, ParameterSnapshot? best, TrainingState state)
    {
        List<TensorSource> tensors = [.. model.TrainedArrays()];
        if (best is not null)
            tensors.Add(Array(BestName, best.Values));
        foreach (EpochResult epoch in state.Epochs.Where(epoch => epoch.Validation is not null))
        {
            tensors.Add(Array(ProbabilitiesName(epoch.Epoch), epoch.Validation!.Probabilities));
            tensors.Add(Array(LossesName(epoch.Epoch), epoch.Validation.Losses));
        }
        HashedFile arrays = HashedFile.Write(
            folder, ArraysName, flush: true, stream => SafetensorsWriter.Write(stream, Path.Combine(folder, ArraysName), tensors, TensorType.F32));
        SealedJson.Write(folder, CheckpointRecord.FileName, new CheckpointRecord(
            state.Step, state.Epoch, state.StepInEpoch, state.Tally, state.ValidationSeconds,
            [
                .. state.Epochs.Select(epoch => new EpochRecord(
                    epoch.Epoch, epoch.TrainingLoss, epoch.TrainingAccuracy, epoch.Duration.TotalSeconds, epoch.TokensPerSecond, epoch.IsBest, epoch.LearningRate)),
            ],
            state.Plateau, OrderOf(settings, trainingRows, state.Epoch), [arrays]));
    }

    /// <summary>Opens a checkpoint and checks that every byte is what was written.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="ModelException">Something is missing, cut short or altered.</exception>
    internal static TrainingCheckpoint Open(string folder)
    {
        CheckpointRecord record = SealedJson.Read<CheckpointRecord>(Path.Combine(folder, CheckpointRecord.FileName), "the record of a checkpoint");
        foreach (HashedFile file in record.Files)
        {
            string path = Path.Combine(folder, file.Name);
            HashedFile found = HashedFile.Of(folder, path);
            if (found.Bytes != file.Bytes)
                throw new ModelException($"{path}: has {found.Bytes} bytes, expected {file.Bytes}, as {CheckpointRecord.FileName} says; it was cut short or altered");
            if (found.Hash != file.Hash)
                throw new ModelException($"{path}: has the xxh128 {found.Hash}, expected {file.Hash}, as {CheckpointRecord.FileName} says; it was altered");
        }
        return new TrainingCheckpoint(folder, record);
    }

    /// <summary>Puts a model and the best epoch's parameters back to where they were.</summary>
    /// <returns>Where the run stood.</returns>
    /// <exception cref="ModelException">The checkpoint does not fit the model or the settings.</exception>
    internal TrainingState Restore(BertModel model, TrainingSettings settings, int trainingRows, int[] validationLabels, BestParameters best)
    {
        if (_record.Order != OrderOf(settings, trainingRows, _record.Epoch))
            throw new ModelException($"{Folder}: the order of the rows of epoch {_record.Epoch} is another one now; continue the run with the version of this program that started it");
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Folder, ArraysName));
        model.RestoreTrainedArrays(file);
        best.Snapshot = file.Tensors.ContainsKey(BestName) ? model.ReadSnapshot(file, BestName) : null;
        int classes = model.Configuration.Head!.Labels.Count;
        EpochResult[] epochs = [.. _record.Epochs.Select(epoch => new EpochResult(
            epoch.Epoch, epoch.TrainingLoss, epoch.TrainingAccuracy, ValidationOf(file, epoch.Epoch, classes, validationLabels), TimeSpan.FromSeconds(epoch.Seconds),
            epoch.TokensPerSecond, epoch.IsBest, epoch.LearningRate))];
        return new TrainingState(_record.Step, _record.Epoch, _record.StepInEpoch, _record.Tally, _record.ValidationSeconds, epochs, _record.Plateau);
    }

    private static Evaluation? ValidationOf(SafetensorsFile file, int epoch, int classes, int[] labels) => labels.Length == 0
        ? null
        : new Evaluation(classes, labels, file.ReadFloats(ProbabilitiesName(epoch)), file.ReadFloats(LossesName(epoch)));

    private static string OrderOf(TrainingSettings settings, int trainingRows, int epoch) => CheckpointRecord.HashOf(settings.OrderOf(epoch, trainingRows));

    private static TensorSource Array(string name, float[] values) =>
        new(name, [values.Length], (start, target) => values.AsSpan((int)start, target.Length).CopyTo(target));

    private static string ProbabilitiesName(int epoch) => string.Create(CultureInfo.InvariantCulture, $"validation.{epoch}.probabilities");

    private static string LossesName(int epoch) => string.Create(CultureInfo.InvariantCulture, $"validation.{epoch}.losses");
}
