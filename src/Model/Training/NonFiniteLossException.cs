namespace Engine.Model.Training;

/// <summary>The loss became NaN or infinite, so that training cannot go on.</summary>
/// <param name="epoch">The epoch, from 1.</param>
/// <param name="step">The optimizer step, from 1.</param>
/// <param name="location">The layer or parameter that is not finite.</param>
/// <param name="rows">The batch: row numbers of the training set.</param>
public sealed class NonFiniteLossException(int epoch, int step, string location, int[] rows) : Exception(
    $"The loss is not finite at step {step} (epoch {epoch}): {location}; batch of training rows {string.Join(", ", rows.Take(16))}"
    + $"{(rows.Length > 16 ? ", ..." : "")} (from 0); a finite loss was expected; lower the learning rate or look at these rows.")
{
    /// <summary>The epoch, from 1.</summary>
    public int Epoch { get; } = epoch;

    /// <summary>The optimizer step, from 1.</summary>
    public int Step { get; } = step;

    /// <summary>The layer or parameter that is not finite.</summary>
    public string Location { get; } = location;

    /// <summary>The batch: row numbers of the training set.</summary>
    public IReadOnlyList<int> Rows { get; } = rows;
}
