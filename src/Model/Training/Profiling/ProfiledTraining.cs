namespace Engine.Model.Training.Profiling;

/// <summary>Tells a profile what the training loop asks for.</summary>
/// <param name="inner">What learns.</param>
/// <param name="profile">The profile.</param>
internal sealed class ProfiledTraining(ITrainable inner, TrainingProfile profile) : ITrainable
{
    /// <inheritdoc/>
    public int Classes => inner.Classes;

    /// <inheritdoc/>
    public void Step(ReadOnlySpan<int> rows, int step, double learningRate, Span<float> probabilities, Span<float> losses)
    {
        using IDisposable measured = profile.Step();
        inner.Step(rows, step, learningRate, probabilities, losses);
    }

    /// <inheritdoc/>
    public string LocateNonFinite(ReadOnlySpan<int> rows) => inner.LocateNonFinite(rows);

    /// <inheritdoc/>
    public void Validate(Span<float> probabilities, Span<float> losses)
    {
        using IDisposable measured = profile.Validation();
        inner.Validate(probabilities, losses);
    }

    /// <inheritdoc/>
    public long Tokens(ReadOnlySpan<int> rows) => inner.Tokens(rows);

    /// <inheritdoc/>
    public void Remember() => inner.Remember();

    /// <inheritdoc/>
    public void Recall() => inner.Recall();
}
