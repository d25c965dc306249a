using Engine.Model.Data;

namespace Engine.Runner;

/// <summary>The rows of a training run.</summary>
/// <param name="Labels">The classes.</param>
/// <param name="Training">Rows that train.</param>
/// <param name="Validation">Rows that validate, or null.</param>
/// <param name="Test">Rows to predict afterwards, with labels or without, or null.</param>
internal sealed record TrainingData(LabelMap Labels, TextTable Training, TextTable? Validation, TextTable? Test);
