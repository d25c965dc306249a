namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>Bounds what a graph of objects may hold: in the file an object takes two bytes, in memory a hundred.</summary>
internal sealed class GraphBudget
{
    // BERT-Large as SavedModel has some five thousand objects and twenty thousand edges.
    private const int MaxItems = 300_000;

    private int taken;

    /// <summary>Counts objects, edges or values as they are read.</summary>
    /// <exception cref="InvalidDataException">There are more than any model has.</exception>
    public IEnumerable<ProtobufMessage> Count(IEnumerable<ProtobufMessage> items)
    {
        foreach (var item in items)
        {
            if (++taken > MaxItems)
                throw new InvalidDataException($"it has more than {MaxItems} objects and edges");
            yield return item;
        }
    }
}
