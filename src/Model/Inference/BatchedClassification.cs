using Engine.Model.Data;
using Engine.Tokenizer;

namespace Engine.Model.Inference;

/// <summary>Runs a model with a head over many texts in packed batches. Results are in the texts' order and do not depend on how they were batched.</summary>
public static class BatchedClassification
{
    /// <summary>Computes probabilities and, with labels, losses.</summary>
    /// <param name="model">A model with a head.</param>
    /// <param name="texts">The tokenized texts, none longer than the model's limits.</param>
    /// <param name="labels">The class of each text, or null.</param>
    /// <param name="probabilities">Receives [texts, classes].</param>
    /// <param name="losses">Receives [texts]; empty without labels.</param>
    /// <param name="onBatch">Called after each batch with the number of texts done.</param>
    /// <param name="stop">Signalled when the user asks to stop.</param>
    /// <exception cref="OperationCanceledException">The user asked to stop.</exception>
    public static void Run(
        BertModel model, TokenizedTexts texts, int[]? labels, Span<float> probabilities, Span<float> losses, Action<int>? onBatch = null, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        int classes = model.Configuration.Head!.Labels.Count;
        BatchPacker packer = new(texts, labels, model.Limits);
        float[] scratch = new float[model.Limits.MaxSequences];
        float[] batchProbabilities = new float[model.Limits.MaxSequences * classes];
        float[] batchLosses = new float[model.Limits.MaxSequences];
        int done = 0;
        foreach (int[] rows in BatchPlan.ByLength(texts, model.Limits))
        {
            stop.ThrowIfCancellationRequested();
            model.Forward(packer.Pack(rows), allStates: false);
            ClassProbabilities.Read(model, scratch, batchProbabilities.AsSpan(0, rows.Length * classes));
            if (labels is not null)
                model.ReadLosses(batchLosses.AsSpan(0, rows.Length));
            for (int i = 0; i < rows.Length; i++)
            {
                batchProbabilities.AsSpan(i * classes, classes).CopyTo(probabilities[(rows[i] * classes)..]);
                if (labels is not null)
                    losses[rows[i]] = batchLosses[i];
            }
            done += rows.Length;
            onBatch?.Invoke(done);
        }
    }
}
