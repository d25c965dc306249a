using Engine.Compute;
using Engine.Model.Checkpoints;

namespace Engine.Model;

/// <content>The heads of the pre-training tasks, where the checkpoint holds them and the model was loaded with them.</content>
public sealed partial class BertModel
{
    /// <summary>Loads a model with heads of the pre-training tasks, to compute with them.</summary>
    /// <param name="device">The device to run on; it stays the caller's.</param>
    /// <param name="folder">A folder in Hugging Face layout.</param>
    /// <param name="heads">Which heads; the folder must hold them.</param>
    /// <param name="limits">The largest batch to come.</param>
    /// <param name="keepStates">Whether the states of all layers are kept, for <see cref="ReadHiddenStates"/>.</param>
    /// <exception cref="ModelException">The folder holds no BERT or lacks a head, is damaged, or the device has too little memory.</exception>
    public static BertModel LoadPretraining(ComputeDevice device, string folder, PretrainingHeads heads, BatchLimits limits, bool keepStates = false)
    {
        ArgumentNullException.ThrowIfNull(device);
        CheckLimits(limits);
        var configuration = BertConfiguration.Load(folder) with { Head = null, Pretraining = heads };
        using var file = ModelFolder.OpenWeights(folder);
        PretrainingTensors.Require(file, heads);
        var names = new TensorNames(file);
        bool usesPooler = heads.HasFlag(PretrainingHeads.NextSentence);
        bool ownDecoder = heads.HasFlag(PretrainingHeads.MaskedLanguage) && !PretrainingTensors.IsDecoderTied(names);
        var layout = new ParameterLayout(configuration, null, names.HasPooler || usesPooler, TrainedPart.Nothing, ownDecoder);
        return Load(device, folder, configuration, layout, new ParameterSource(names, _ => false, 0), limits, TrainedPart.Nothing, keepStates);
    }

    /// <summary>
    /// Computes the masked-language-model head's logits for tokens of the last batch and copies them: for each token of the vocabulary, how well it would
    /// fit there.
    /// </summary>
    /// <param name="tokens">Tokens of the last batch, numbered through all its sequences.</param>
    /// <param name="target">[tokens, vocabulary].</param>
    /// <exception cref="ArgumentException">A token is not in the batch, or <paramref name="target"/> has another size.</exception>
    /// <exception cref="InvalidOperationException">
    /// The model was loaded without the head, or the last forward pass did not compute all states.
    /// </exception>
    public void ReadTokenLogits(ReadOnlySpan<int> tokens, Span<float> target)
    {
        int vocabulary = Configuration.VocabularySize;
        if (target.Length != (long)tokens.Length * vocabulary)
            throw new ArgumentException($"{target.Length} elements for {tokens.Length} tokens of {vocabulary} logits", nameof(target));
        for (int start = 0; start < tokens.Length; start += MaskedLanguageHead.MaxTokens)
        {
            int count = Math.Min(MaskedLanguageHead.MaxTokens, tokens.Length - start);
            var head = ForwardTokens(tokens.Slice(start, count));
            Read(head.Logits, target.Slice(start * vocabulary, count * vocabulary));
        }
    }

    /// <summary>Computes which tokens of the vocabulary are the most probable at tokens of the last batch.</summary>
    /// <param name="tokens">Tokens of the last batch, numbered through all its sequences.</param>
    /// <param name="count">How many candidates are wanted for each, 1 to the vocabulary's size.</param>
    /// <param name="ids">[tokens, count], most probable first.</param>
    /// <param name="probabilities">[tokens, count], by a softmax over the whole vocabulary.</param>
    /// <exception cref="ArgumentException">A token is not in the batch, or a size does not fit.</exception>
    /// <exception cref="InvalidOperationException">
    /// The model was loaded without the head, or the last forward pass did not compute all states.
    /// </exception>
    public void ReadTopTokens(ReadOnlySpan<int> tokens, int count, Span<int> ids, Span<float> probabilities)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Configuration.VocabularySize);
        long length = (long)tokens.Length * count;
        if (ids.Length != length || probabilities.Length != length)
            throw new ArgumentException($"{ids.Length} ids and {probabilities.Length} probabilities for {length} candidates");
        for (int start = 0; start < tokens.Length; start += MaskedLanguageHead.MaxTokens)
        {
            int part = Math.Min(MaskedLanguageHead.MaxTokens, tokens.Length - start);
            var found = ForwardTokens(tokens.Slice(start, part)).Rank(part, count);
            Read(found.Ids, ids.Slice(start * count, part * count));
            Read(found.Probabilities, probabilities.Slice(start * count, part * count));
        }
    }

    /// <summary>Computes the next-sentence head for the last batch's pairs and copies its logits.</summary>
    /// <param name="target">[sequences, 2]: that the second text follows the first, that it is a random one.</param>
    /// <exception cref="InvalidOperationException">The model was loaded without the head.</exception>
    public void ReadNextSentenceLogits(Span<float> target) => Read(ForwardNextSentence().Logits, target);

    /// <summary>Computes the next-sentence head for the last batch's pairs and copies its probabilities.</summary>
    /// <param name="target">[sequences, 2]: that the second text follows the first, that it is a random one.</param>
    /// <exception cref="InvalidOperationException">The model was loaded without the head.</exception>
    public void ReadNextSentenceProbabilities(Span<float> target) => Read(ForwardNextSentence().Probabilities, target);

    private MaskedLanguageHead ForwardTokens(ReadOnlySpan<int> tokens)
    {
        if (maskedLanguage is null)
            throw new InvalidOperationException("The model was loaded without its masked-language-model head.");
        CheckAllStates();
        foreach (int token in tokens)
        {
            if ((uint)token >= (uint)batch.Tokens)
                throw new ArgumentException($"token {token} is not among the last batch's {batch.Tokens}", nameof(tokens));
        }

        maskedLanguage.Forward(encoder.Output, tokens);
        return maskedLanguage;
    }

    private NextSentenceHead ForwardNextSentence()
    {
        if (nextSentence is null)
            throw new InvalidOperationException("The model was loaded without its next-sentence head.");
        head.Pool(encoder.Output, batch, Pooling.Pooled, encoder.FirstOnly);
        nextSentence.Forward(head.Features, batch.Sequences);
        return nextSentence;
    }
}
