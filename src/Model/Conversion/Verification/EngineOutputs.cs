using Engine.Compute;

namespace Engine.Model.Conversion.Verification;

/// <summary>What the engine computes from a model folder.</summary>
internal static class EngineOutputs
{
    /// <summary>Computes everything that the folder holds the weights of.</summary>
    /// <param name="device">Where.</param>
    /// <param name="folder">A folder in Hugging Face layout.</param>
    /// <param name="batch">The input.</param>
    /// <exception cref="ModelException">The folder cannot be read.</exception>
    public static IReadOnlyList<ModelOutput> Compute(ComputeDevice device, string folder, VerificationBatch batch)
    {
        var input = batch.Packed;
        using var model = BertModel.Load(device, folder, null, 0, new BatchLimits(input.TokenCount, input.SequenceCount), keepStates: true);
        int hidden = model.Configuration.HiddenSize;
        model.Forward(input);
        List<ModelOutput> outputs = [];
        for (int i = 0; i <= model.Configuration.LayerCount; i++)
        {
            outputs.Add(Read(i == 0 ? ModelOutput.Embeddings : ModelOutput.Layer(i - 1), input.TokenCount * hidden, target => model.ReadHiddenStates(i, target)));
        }

        if (model.Parameters.Pooler is not null)
            outputs.Add(Read(ModelOutput.Pooled, input.SequenceCount * hidden, target => model.ReadEmbeddings(Pooling.Pooled, target)));
        return outputs;
    }

    private static ModelOutput Read(string name, int count, Action<float[]> read)
    {
        var values = new float[count];
        read(values);
        return new ModelOutput(name, [.. values.Select(value => (double)value)]);
    }
}
