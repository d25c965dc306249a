namespace Engine.Model.Training.Runs;

/// <summary>Where and when a run is saved, and from where it continues.</summary>
/// <param name="Folder">The run's folder.</param>
/// <param name="EverySteps">How many steps lie between two checkpoints within an epoch; 0: epochs alone have checkpoints.</param>
/// <param name="From">The checkpoint to continue from; null: the run begins.</param>
public sealed record RunSaves(RunFolder Folder, int EverySteps = 0, TrainingCheckpoint? From = null);
