namespace Engine.Model.Training;

/// <summary>
/// Where a run stands between two steps: all that decides, beside parameters and moments, how it goes on. The order of rows and dropout's masks are functions
/// of seed, epoch and step, so that no generator's state is among it.
/// </summary>
/// <param name="Step">Optimizer steps done in the whole run.</param>
/// <param name="Epoch">The epoch under way, from 1; one more than there are where all are done.</param>
/// <param name="StepInEpoch">Steps done in this epoch; all of them where only the validation is missing.</param>
/// <param name="Tally">What this epoch's steps have counted.</param>
/// <param name="ValidationSeconds">The time that all validations took.</param>
/// <param name="Epochs">The epochs that are done.</param>
/// <param name="Plateau">Where the plateau rule stands, or null where the schedule has none.</param>
public sealed record TrainingState(
    int Step, int Epoch, int StepInEpoch, EpochTally Tally, double ValidationSeconds, IReadOnlyList<EpochResult> Epochs, PlateauState? Plateau)
{
    /// <summary>Before the first step.</summary>
    public static TrainingState Start { get; } = new(0, 1, 0, default, 0, [], null);
}

/// <summary>What the steps of an epoch have counted so far.</summary>
/// <param name="LossSum">The sum of the rows' losses.</param>
/// <param name="Rows">The rows.</param>
/// <param name="Right">How many of them were predicted right.</param>
/// <param name="Tokens">Their tokens.</param>
/// <param name="Seconds">The time.</param>
public readonly record struct EpochTally(double LossSum, long Rows, long Right, long Tokens, double Seconds);

/// <summary>Whether and when a run is saved so that it can be continued.</summary>
/// <param name="Save">Told after every epoch, before the end of a run that is stopped, and at every so-many-th step; saves model and state.</param>
/// <param name="EverySteps">How many steps lie between two saves within an epoch; 0: none.</param>
/// <param name="From">Where the run stood when it was saved; the model is as it was then. Null: it begins.</param>
public sealed record TrainingSaves(Action<TrainingState> Save, int EverySteps = 0, TrainingState? From = null);
