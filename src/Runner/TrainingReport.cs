using System.Globalization;
using Engine.Compute;
using Engine.Model;
using Engine.Model.Training;
using Engine.Model.Training.Runs;

namespace Engine.Runner;

/// <summary>What <c>engine train</c> prints.</summary>
/// <param name="terminal">Where.</param>
/// <param name="data">The rows.</param>
/// <param name="settings">The settings.</param>
internal sealed class TrainingReport(Terminal terminal, TrainingData data, FineTuningSettings settings)
{
    private readonly ProgressLine _progress = new(terminal);
    private readonly DateTime _start = DateTime.UtcNow;
    private MajorityBaseline? _majority;

    /// <summary>Before the first step: what is trained on what.</summary>
    public void Begin(ComputeDevice device, string folder, FineTuning run)
    {
        int[] trainingLabels = data.Labels.Encode(data.Training);
        if (data.Validation is not null)
            _majority = MajorityBaseline.Of(data.Labels.Count, trainingLabels, data.Labels.Encode(data.Validation));
        BertConfiguration configuration = run.Model.Configuration;
        string frozen = settings.Trained == TrainedPart.Head ? "head only, encoder frozen" : "all layers";
        terminal.WriteLine(
            $"Model {folder}: {configuration.LayerCount} layers, hidden size {configuration.HiddenSize}, "
            + $"{run.Model.Parameters.ParameterCount:N0} parameters; training {frozen}, head {settings.Head}");
        terminal.WriteLine($"Device {device.Name}; {run.Model.DeviceBytes / 1e6:F0} MB planned");
        terminal.WriteLine(
            $"Rows {data.Training.Count} for training, {data.Validation?.Count ?? 0} for validation; classes {data.Labels.Describe()}; "
            + $"{run.TrainingTexts.Ids.Length / (double)run.TrainingTexts.Count:F1} tokens a text");
        EvaluationReport.SayCut(terminal, run.TrainingTexts.CutTexts, data.Training.Count, settings.MaxLength, "training texts");
        EvaluationReport.SayCut(terminal, run.ValidationTexts?.CutTexts ?? 0, data.Validation?.Count ?? 0, settings.MaxLength, "validation texts");
        if (data.Validation is null)
            terminal.WriteLine("There are no validation rows: the last epoch is kept, and nothing tells how good it is.");
    }

    /// <summary>Before the first step of a run that is continued: where it stands.</summary>
    public void Continue(TrainingCheckpoint? from) => terminal.WriteLine(
        from is null ? "Continued from the beginning: the run had not saved a checkpoint." : $"Continued after step {from.Step}: {Path.GetFileName(from.Folder)}");

    /// <summary>After each step: the progress line.</summary>
    public void Step(TrainingProgress at) => _progress.Update(() =>
        $"epoch {at.Epoch}/{at.Epochs}  step {at.StepInEpoch}/{at.StepsPerEpoch}  "
        + $"loss: {Figure(at.Loss)} - accuracy: {Figure(at.Accuracy)}  {at.TokensPerSecond:N0} tokens/s  {ProgressLine.Duration(at.Remaining)} left");

    /// <summary>After each epoch: its figures, as Keras writes them.</summary>
    public void Epoch(EpochResult epoch)
    {
        _progress.Clear();
        List<(string Name, double Value)> figures = [("loss", epoch.TrainingLoss), ("accuracy", epoch.TrainingAccuracy)];
        if (epoch.Validation is Evaluation validation)
            figures.AddRange([("val_loss", validation.Loss), ("val_accuracy", validation.Accuracy), ("val_f1", validation.F1)]);
        if (settings.Loop.Schedule == ScheduleKind.Plateau)
            figures.Add(("lr", epoch.LearningRate));
        terminal.WriteLine(
            $"epoch {epoch.Epoch}/{settings.Loop.Epochs}: {string.Join(" - ", figures.Select(figure => $"{figure.Name}: {Figure(figure.Value)}"))}; "
            + $"{epoch.TokensPerSecond:N0} tokens/s, {epoch.Duration.TotalSeconds:F1} s");
        if (epoch.Validation is not null)
            EvaluationReport.WarnIfUniform(terminal, epoch.Validation, data.Labels);
    }

    /// <summary>After the last epoch: which one is kept.</summary>
    public void Kept(TrainingResult result)
    {
        _progress.Clear();
        if (!result.Stopped && result.Epochs[result.KeptEpoch - 1].Validation is Evaluation kept)
            terminal.WriteLine($"Validation accuracy {EvaluationReport.Accuracy(kept, _majority!, data.Labels)}: epoch {result.KeptEpoch} of {result.Epochs.Count} is kept");
    }

    /// <summary>At the end: where it is.</summary>
    public void End(TrainingResult result, string output)
    {
        if (result.Stopped)
        {
            terminal.WriteLine($"Stopped after step {result.StepsDone}; the model as it was then is saved: {output}");
            terminal.WriteLine($"To continue: engine train --resume {(output.Contains(' ', StringComparison.Ordinal) ? $"\"{output}\"" : output)}");
            return;
        }
        terminal.WriteLine($"Model{(data.Test is null && data.Validation is null ? "" : " and predictions.csv")} saved: {output} ({(DateTime.UtcNow - _start).TotalSeconds:F0} s)");
    }

    /// <summary>Keras's format: four decimals, small figures with an exponent.</summary>
    private static string Figure(double value) =>
        Math.Abs(value) > 1e-3 ? value.ToString("F4", CultureInfo.InvariantCulture) : value.ToString("0.0000e+00", CultureInfo.InvariantCulture);
}
