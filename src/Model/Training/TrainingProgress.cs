namespace Engine.Model.Training;

/// <summary>Where a run stands after a step.</summary>
/// <param name="Epoch">The epoch, from 1.</param>
/// <param name="Epochs">How many there are.</param>
/// <param name="Step">Optimizer steps done in the whole run.</param>
/// <param name="TotalSteps">Optimizer steps of the whole run.</param>
/// <param name="StepInEpoch">Optimizer steps done in this epoch.</param>
/// <param name="StepsPerEpoch">Optimizer steps of an epoch.</param>
/// <param name="Loss">The mean training loss of this epoch so far.</param>
/// <param name="Accuracy">The training accuracy of this epoch so far, each row as it was predicted before its step.</param>
/// <param name="TokensPerSecond">Tokens trained per second, over this epoch.</param>
/// <param name="Remaining">Expected time left, validation included.</param>
public readonly record struct TrainingProgress(
    int Epoch,
    int Epochs,
    int Step,
    int TotalSteps,
    int StepInEpoch,
    int StepsPerEpoch,
    double Loss,
    double Accuracy,
    double TokensPerSecond,
    TimeSpan Remaining);

/// <summary>What an epoch gave.</summary>
/// <param name="Epoch">The epoch, from 1.</param>
/// <param name="TrainingLoss">The mean training loss.</param>
/// <param name="TrainingAccuracy">The training accuracy, each row as it was predicted before its step.</param>
/// <param name="Validation">The evaluation of the validation set, or null where there is none.</param>
/// <param name="Duration">Time of the epoch, validation included.</param>
/// <param name="TokensPerSecond">Tokens trained per second, without validation.</param>
/// <param name="IsBest">Whether it is the best so far.</param>
/// <param name="LearningRate">The rate of the epoch's last step.</param>
public sealed record EpochResult(
    int Epoch, double TrainingLoss, double TrainingAccuracy, Evaluation? Validation, TimeSpan Duration, double TokensPerSecond, bool IsBest,
    double LearningRate);

/// <summary>What a run gave. The parameters are those of <paramref name="KeptEpoch"/>.</summary>
/// <param name="Epochs">One result for each epoch that was finished.</param>
/// <param name="KeptEpoch">The epoch whose parameters stay, from 1; 0 where a run was stopped and the parameters are those of its last step.</param>
/// <param name="StepsDone">Optimizer steps that were made.</param>
/// <param name="Stopped">Whether the run was stopped before its end.</param>
public sealed record TrainingResult(IReadOnlyList<EpochResult> Epochs, int KeptEpoch, int StepsDone, bool Stopped);
