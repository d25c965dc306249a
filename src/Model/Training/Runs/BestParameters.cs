namespace Engine.Model.Training.Runs;

/// <summary>The trained parameters of the best epoch so far, kept on the host.</summary>
/// <param name="model">The model that is trained.</param>
internal sealed class BestParameters(BertModel model)
{
    /// <summary>The parameters, or null before any were remembered.</summary>
    public ParameterSnapshot? Snapshot { get; set; }

    /// <summary>Remembers the parameters as they are now, in place of what was remembered.</summary>
    public void Remember() => Snapshot = model.Snapshot(Snapshot);

    /// <summary>Puts the remembered parameters back.</summary>
    public void Recall() => model.Restore(Snapshot ?? throw new InvalidOperationException("Nothing was remembered."));
}
