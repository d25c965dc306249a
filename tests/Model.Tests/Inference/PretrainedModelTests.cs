using Engine.Model.Data;
using Engine.Model.Inference;
using Engine.Tokenizer;
using Xunit;

namespace Engine.Model.Tests.Inference;

/// <summary>Guesses and probabilities of whole texts: those that follow from the logits, and the same bits alone and among others.</summary>
[Collection(ModelDevices.Collection)]
public sealed class PretrainedModelTests(ModelDevices devices)
{
    private static readonly string Folder = Fixtures.At("models", "tanh");

    [Fact]
    public void Guesses_follow_from_the_logits_of_the_masked_token()
    {
        MaskedLanguageModel model = MaskedLanguageModel.Open(Folder);
        MaskedTexts texts = model.Tokenize(TextTable.FromTexts("test", ["the [MASK] is burning", "fire [MASK] the [MASK]"]), 64);
        FilledText[] filled = model.Fill(devices.Get("cpu"), texts, 4);

        Assert.Equal([1, 2], filled.Select(text => text.Masks.Count));
        using var bert = BertModel.LoadPretraining(devices.Get("cpu"), Folder, PretrainingHeads.MaskedLanguage, new BatchLimits(64, 1));
        WordPieceTokenizer tokenizer = WordPieceTokenizer.Load(Folder);
        for (int row = 0; row < filled.Length; row++)
        {
            int[] ids = texts.Texts.IdsOf(row).ToArray();
            bert.Forward(new PackedBatch(ids, new int[ids.Length], (int[])[0, ids.Length], default));
            for (int mask = 0; mask < filled[row].Masks.Count; mask++)
            {
                var logits = new float[256];
                int token = texts.Masks[row][mask];
                Assert.Equal(tokenizer.MaskId, ids[token]);
                bert.ReadTokenLogits([token], logits);
                double sum = logits.Sum(logit => Math.Exp(logit));
                int[] order = [.. Enumerable.Range(0, 256).OrderByDescending(id => logits[id]).Take(4)];
                Assert.Equal(order, filled[row].Masks[mask].Select(candidate => candidate.Id));
                Assert.Equal(tokenizer.TokensOf(order), filled[row].Masks[mask].Select(candidate => candidate.Token));

                // A sum of 256 terms and one exponential: tens of roundings of 6e-8.
                Assert.All(filled[row].Masks[mask], candidate => Assert.InRange(candidate.Probability / (Math.Exp(logits[candidate.Id]) / sum), 1 - 5e-6, 1 + 5e-6));
            }
        }
    }

    [Fact]
    public void Texts_have_the_same_bits_alone_and_among_others()
    {
        string[] texts = [.. Enumerable.Range(0, 200).Select(i => string.Join(' ', Enumerable.Range(0, 1 + (i * 7 % 50)).Select(word => word % 5 == i % 5 ? "[MASK]" : "fire")) + " [MASK]")];
        string[] pairs = [.. texts.Reverse()];
        MaskedLanguageModel masked = MaskedLanguageModel.Open(Folder);
        NextSentenceModel next = NextSentenceModel.Open(Folder);
        FilledText[] all = Fill(texts, null);
        float[] probabilities = Follows(texts, pairs);
        foreach (int row in new[] { 0, 7, 99, 199 })
        {
            FilledText[] alone = Fill([texts[row]], null);
            Assert.Equal(all[row].Masks, alone[0].Masks);
            Assert.Equal(all[row].Fill(), alone[0].Fill());
            Assert.Equal([probabilities[row]], Follows([texts[row]], [pairs[row]]));
        }
        Assert.All(probabilities, probability => Assert.InRange(probability, 0f, 1f));

        FilledText[] Fill(string[] first, string[]? second) =>
            masked.Fill(devices.Get("cpu"), masked.Tokenize(TextTable.FromTexts("test", first, second), 64), 3);
        float[] Follows(string[] first, string[] second) => next.Probabilities(devices.Get("cpu"), next.Tokenize(TextTable.FromTexts("test", first, second), 64));
    }

    [Fact]
    public void Index_0_says_that_the_second_text_follows()
    {
        NextSentenceModel model = NextSentenceModel.Open(Folder);
        TokenizedTexts pairs = model.Tokenize(TextTable.FromTexts("test", ["the house"], ["is burning"]), 64);
        float[] probabilities = model.Probabilities(devices.Get("cpu"), pairs);
        using var bert = BertModel.LoadPretraining(devices.Get("cpu"), Folder, PretrainingHeads.NextSentence, new BatchLimits(64, 1));
        bert.Forward(new PackedBatch(pairs.Ids, pairs.Types, pairs.SequenceOffsets, default));
        var logits = new float[2];
        bert.ReadNextSentenceLogits(logits);

        // The difference of two logits of a few units, and one exponential.
        Assert.InRange(probabilities[0] * (1 + Math.Exp((double)logits[1] - logits[0])), 1 - 2e-6, 1 + 2e-6);
        Assert.Throws<ArgumentException>(() => model.Tokenize(TextTable.FromTexts("test", ["alone"]), 64));
    }

    [Fact]
    public void More_candidates_than_tokens_are_refused()
    {
        MaskedLanguageModel model = MaskedLanguageModel.Open(Folder);
        MaskedTexts texts = model.Tokenize(TextTable.FromTexts("test", ["[MASK]"]), 64);
        var error = Assert.Throws<ModelException>(() => model.Fill(devices.Get("cpu"), texts, 257));
        Assert.Contains("257 candidates for each mask, and at most 256", error.Message, StringComparison.Ordinal);
        Assert.Equal(256, model.Fill(devices.Get("cpu"), texts, 256)[0].Masks[0].Select(candidate => candidate.Id).Distinct().Count());
    }

    [Fact]
    public void Models_without_the_heads_are_refused_at_once()
    {
        var error = Assert.Throws<ModelException>(() => MaskedLanguageModel.Open(Fixtures.MiniLm));
        Assert.Contains("without heads of the pre-training tasks", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<ModelException>(() => NextSentenceModel.Open(Fixtures.MiniLm));
        Assert.Contains("a next-sentence head (cls.seq_relationship.*) was expected", error.Message, StringComparison.Ordinal);
    }
}
