using Engine.Compute;
using Engine.Model.Checkpoints;

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
        var heads = PretrainingTensors.HeadsOf(folder);
        using var model = BertModel.LoadPretraining(device, folder, heads, new BatchLimits(input.TokenCount, input.SequenceCount), keepStates: true);
        int hidden = model.Configuration.HiddenSize;
        model.Forward(input);
        List<ModelOutput> outputs = [];
        void Add(string name, int count, Action<float[]> read)
        {
            var values = new float[count];
            read(values);
            outputs.Add(new ModelOutput(name, [.. values.Select(value => (double)value)]));
        }

        for (int i = 0; i <= model.Configuration.LayerCount; i++)
            Add(i == 0 ? ModelOutput.Embeddings : ModelOutput.Layer(i - 1), input.TokenCount * hidden, target => model.ReadHiddenStates(i, target));
        if (model.Parameters.Pooler is not null)
            Add(ModelOutput.Pooled, input.SequenceCount * hidden, target => model.ReadEmbeddings(Pooling.Pooled, target));
        if (heads.HasFlag(PretrainingHeads.MaskedLanguage))
        {
            int[] tokens = [.. batch.MaskedTokens];
            Add(ModelOutput.MaskedLogits, tokens.Length * model.Configuration.VocabularySize, target => model.ReadTokenLogits(tokens, target));
        }

        if (heads.HasFlag(PretrainingHeads.NextSentence))
            Add(ModelOutput.NextSentenceLogits, 2 * input.SequenceCount, target => model.ReadNextSentenceLogits(target));
        return outputs;
    }
}
