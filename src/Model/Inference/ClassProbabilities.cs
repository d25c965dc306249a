namespace Engine.Model.Inference;

/// <summary>Turns what a head gives into one probability per class.</summary>
internal static class ClassProbabilities
{
    /// <summary>Reads the probabilities of the last batch: a sigmoid head's one becomes two.</summary>
    /// <param name="model">A model with a head.</param>
    /// <param name="scratch">At least [sequences, outputs].</param>
    /// <param name="probabilities">Receives [sequences, classes].</param>
    public static void Read(BertModel model, float[] scratch, Span<float> probabilities)
    {
        HeadOptions head = model.Configuration.Head!;
        if (!head.IsSigmoid)
        {
            model.ReadProbabilities(probabilities);
            return;
        }
        Span<float> positive = scratch.AsSpan(0, probabilities.Length / 2);
        model.ReadProbabilities(positive);
        for (int i = 0; i < positive.Length; i++)
        {
            probabilities[2 * i] = 1 - positive[i];
            probabilities[(2 * i) + 1] = positive[i];
        }
    }
}
