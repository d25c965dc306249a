namespace Engine.Model;

/// <summary>
/// What a forward pass in training needs beside the batch. Dropout and the mean of the loss are indexed and scaled by the logical batch,
/// so that a batch cut into several passes (gradient accumulation) trains as the whole one.
/// </summary>
/// <param name="Seed">The run's seed, of which dropout masks are a function.</param>
/// <param name="Step">The optimizer step that the pass belongs to, counted from 0; every step draws other masks.</param>
/// <param name="LogicalSequences">The sequences of the whole logical batch: the loss is their mean.</param>
/// <param name="TokenBase">Tokens of the logical batch that came in earlier passes.</param>
/// <param name="SequenceBase">Sequences of the logical batch that came in earlier passes.</param>
/// <param name="Dropout">Whether the model's dropout is applied.</param>
public readonly record struct TrainingPass(
    ulong Seed, int Step, int LogicalSequences, int TokenBase = 0, int SequenceBase = 0, bool Dropout = true)
{
    /// <summary>Whether this is the logical batch's first pass, whose backward pass overwrites gradients instead of adding to them.</summary>
    public bool IsFirst => SequenceBase == 0;
}
