using Engine.Compute;
using Engine.Model.Data;
using Engine.Tokenizer;

namespace Engine.Model.Inference;

/// <summary>One vector for each text.</summary>
public static class TextEmbedder
{
    /// <summary>Embeds texts.</summary>
    /// <param name="device">Where to compute.</param>
    /// <param name="folder">A model folder; a head is not needed.</param>
    /// <param name="texts">The tokenized texts.</param>
    /// <param name="pooling">How states become a vector.</param>
    /// <param name="normalize">Whether each vector is scaled to length 1.</param>
    /// <param name="onBatch">Called after each batch with the number of texts done.</param>
    /// <param name="stop">Signalled when the user asks to stop.</param>
    /// <returns>[texts, hidden]</returns>
    /// <exception cref="ModelException">The weights are absent, damaged or of the wrong shape, or there is no pooler.</exception>
    /// <exception cref="OperationCanceledException">The user asked to stop.</exception>
    public static float[] Embed(
        ComputeDevice device, string folder, TokenizedTexts texts, Pooling pooling, bool normalize, Action<int>? onBatch = null, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        using BertModel model = BertModel.Load(device, folder, null, 0, InferenceLimits.For(texts));
        int hidden = model.Configuration.HiddenSize;
        BatchPacker packer = new(texts, null, model.Limits);
        float[] ofBatch = new float[model.Limits.MaxSequences * hidden];
        float[] all = new float[texts.Count * hidden];
        int done = 0;
        foreach (int[] rows in BatchPlan.ByLength(texts, model.Limits))
        {
            stop.ThrowIfCancellationRequested();
            model.Forward(packer.Pack(rows));
            model.ReadEmbeddings(pooling, ofBatch.AsSpan(0, rows.Length * hidden));
            for (int i = 0; i < rows.Length; i++)
            {
                Span<float> vector = all.AsSpan(rows[i] * hidden, hidden);
                ofBatch.AsSpan(i * hidden, hidden).CopyTo(vector);
                if (normalize)
                    Normalize(vector);
            }
            done += rows.Length;
            onBatch?.Invoke(done);
        }
        if (!Array.TrueForAll(all, float.IsFinite))
            throw new ModelException($"{folder}: the weights give no finite numbers, which were expected of a trained model; use another checkpoint.");
        return all;
    }

    private static void Normalize(Span<float> vector)
    {
        double squares = 0;
        foreach (float value in vector)
            squares += (double)value * value;
        double scale = squares == 0 ? 0 : 1 / Math.Sqrt(squares);
        for (int i = 0; i < vector.Length; i++)
            vector[i] = (float)(vector[i] * scale);
    }
}
