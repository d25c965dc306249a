using System.IO.Hashing;
using System.Runtime.InteropServices;
using Engine.Model.Conversion;

namespace Engine.Model.Training.Runs;

/// <summary>The file <c>checkpoint.json</c>: where a run stood, and the hashes of the files beside it.</summary>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="Epoch">The epoch under way, from 1.</param>
/// <param name="StepInEpoch">Steps done in it.</param>
/// <param name="Tally">What they have counted.</param>
/// <param name="ValidationSeconds">The time that all validations took.</param>
/// <param name="Epochs">The epochs that are done.</param>
/// <param name="Plateau">Where the plateau rule stands, or null.</param>
/// <param name="Order">The XXH128 of the row numbers in the epoch's order.</param>
/// <param name="Files">The files beside the record.</param>
internal sealed record CheckpointRecord(
    int Step, int Epoch, int StepInEpoch, EpochTally Tally, double ValidationSeconds, EpochRecord[] Epochs, PlateauState? Plateau, string Order,
    HashedFile[] Files)
{
    /// <summary>The name of the file.</summary>
    public const string FileName = "checkpoint.json";

    /// <summary>The hash of an order of rows: that a seed still gives the same one is checked, not believed.</summary>
    public static string HashOf(int[] order) => Convert.ToHexStringLower(XxHash128.Hash(MemoryMarshal.AsBytes(order.AsSpan())));
}

/// <summary>An epoch that is done. Its validation's probabilities and losses are tensors beside the record.</summary>
/// <param name="Epoch">The epoch, from 1.</param>
/// <param name="TrainingLoss">The mean training loss.</param>
/// <param name="TrainingAccuracy">The training accuracy.</param>
/// <param name="Seconds">The time, validation included.</param>
/// <param name="TokensPerSecond">Tokens trained per second.</param>
/// <param name="IsBest">Whether it was the best so far.</param>
/// <param name="LearningRate">The rate of its last step.</param>
internal sealed record EpochRecord(
    int Epoch, double TrainingLoss, double TrainingAccuracy, double Seconds, double TokensPerSecond, bool IsBest, double LearningRate);
