using System.Text.Json;
using Engine.Model;
using Engine.Model.Training;

namespace Engine.Runner;

/// <summary>Writes what a run did beside its model, so that it can be repeated.</summary>
internal static class TrainingLog
{
    /// <summary>Writes the settings and the figures of every epoch as JSON.</summary>
    public static void Write(
        string path, FineTuningSettings settings, BertConfiguration configuration, TrainingData data, TrainingResult result) => AtomicFile.Write(path, stream =>
    {
        using Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" });
        json.WriteStartObject();
        json.WriteString("head", settings.Head.ToString());
        json.WriteString("head_initializer", settings.Initializer.ToString());
        json.WriteString("trained", settings.Trained.ToString());
        bool frozen = settings.Trained == TrainedPart.Head;
        json.WriteNumber("dropout", Exact(configuration.Head!.Dropout));
        json.WriteNumber("hidden_dropout", frozen ? 0 : Exact(configuration.HiddenDropout));
        json.WriteNumber("attention_dropout", frozen ? 0 : Exact(configuration.AttentionDropout));
        json.WriteNumber("max_length", settings.MaxLength);
        json.WriteNumber("epochs", settings.Loop.Epochs);
        json.WriteNumber("batch_size", settings.Loop.BatchSize);
        json.WriteNumber("micro_batch_size", settings.MicroBatchSize);
        json.WriteString("optimizer", settings.Optimizer.Form.ToString());
        json.WriteNumber("learning_rate", settings.Loop.LearningRate);
        json.WriteString("schedule", settings.Loop.Schedule.ToString());
        json.WriteNumber("warmup", settings.Loop.Warmup);
        if (settings.Loop.Schedule == ScheduleKind.Plateau)
            WritePlateau(json, settings.Loop.Plateau);
        json.WriteBoolean("shuffle", settings.Loop.Shuffle);
        json.WriteNumber("weight_decay", settings.Optimizer.WeightDecay);
        json.WriteNumber("max_gradient_norm", settings.Optimizer.MaxGradientNorm);
        json.WriteNumber("seed", settings.Loop.Seed);
        json.WriteNumber("training_rows", data.Training.Count);
        json.WriteNumber("validation_rows", data.Validation?.Count ?? 0);
        json.WriteNumber("steps", result.StepsDone);
        json.WriteBoolean("stopped", result.Stopped);
        json.WriteNumber("kept_epoch", result.KeptEpoch);
        json.WriteStartArray("history");
        foreach (EpochResult epoch in result.Epochs)
        {
            json.WriteStartObject();
            json.WriteNumber("loss", epoch.TrainingLoss);
            json.WriteNumber("accuracy", epoch.TrainingAccuracy);
            if (epoch.Validation is Evaluation validation)
            {
                json.WriteNumber("val_loss", validation.Loss);
                json.WriteNumber("val_accuracy", validation.Accuracy);
                json.WriteNumber("val_f1", validation.F1);
            }
            json.WriteNumber("learning_rate", epoch.LearningRate);
            json.WriteNumber("seconds", epoch.Duration.TotalSeconds);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static void WritePlateau(Utf8JsonWriter json, PlateauSettings plateau)
    {
        json.WriteStartObject("plateau");
        json.WriteNumber("factor", plateau.Factor);
        json.WriteNumber("patience", plateau.Patience);
        json.WriteNumber("min_delta", plateau.MinDelta);
        json.WriteNumber("cooldown", plateau.Cooldown);
        json.WriteNumber("min_rate", plateau.MinRate);
        json.WriteEndObject();
    }

    /// <summary>The number as it was given: 0.1, not 0.1f's 0.10000000149.</summary>
    private static decimal Exact(float value) => (decimal)value;
}
