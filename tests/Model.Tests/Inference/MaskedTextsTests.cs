using Engine.Model.Data;
using Engine.Model.Inference;
using Engine.Tokenizer;
using Xunit;

namespace Engine.Model.Tests.Inference;

/// <summary>Where masks end up, in all three conventions; which texts are refused; how texts are filled.</summary>
public sealed class MaskedTextsTests
{
    private static readonly WordPieceTokenizer Shipped = WordPieceTokenizer.Load(Fixtures.MiniLm);

    [Theory]
    [InlineData(TokenizerConvention.HuggingFace)]
    [InlineData(TokenizerConvention.Google)]
    [InlineData(TokenizerConvention.TensorFlowText)]
    public void A_mask_is_one_token_in_every_convention(TokenizerConvention convention)
    {
        WordPieceTokenizer tokenizer = new(Shipped.Vocabulary, Shipped.Options with { Convention = convention });

        // The tokens of bert-base-uncased: what Hugging Face's tokenizer gives, which finds [MASK] by itself.
        MaskedTexts texts = MaskedTexts.Tokenize(
            tokenizer,
            TextTable.FromTexts("test", ["The capital of France is [MASK].", "[MASK]", "un[MASK]able [MASK][MASK]!", "Is a mask a [mask]? [MASK]"]),
            64);
        Assert.Equal(
            ["[CLS]", "the", "capital", "of", "france", "is", "[MASK]", ".", "[SEP]"], tokenizer.TokensOf(texts.Texts.IdsOf(0)));
        Assert.Equal(["[CLS]", "[MASK]", "[SEP]"], tokenizer.TokensOf(texts.Texts.IdsOf(1)));
        Assert.Equal(["[CLS]", "un", "[MASK]", "able", "[MASK]", "[MASK]", "!", "[SEP]"], tokenizer.TokensOf(texts.Texts.IdsOf(2)));
        Assert.Equal(
            ["[CLS]", "is", "a", "mask", "a", "[", "mask", "]", "?", "[MASK]", "[SEP]"], tokenizer.TokensOf(texts.Texts.IdsOf(3)));
        Assert.Equal([[6], [1], [2, 4, 5], [9]], texts.Masks);
        Assert.Equal("[MASK]", texts.MaskToken);
        Assert.All(texts.Texts.Types, type => Assert.Equal(0, type));
    }

    [Fact]
    public void Texts_are_tokenized_as_by_the_tokenizer_itself()
    {
        string[] texts = ["Wildfire [MASK] 12 acres, [SEP] #LaRonge [MASK]…", "naïve [MASK] 東京 [MASK]"], pairs = ["[MASK]", "ok"];
        MaskedTexts masked = MaskedTexts.Tokenize(Shipped, TextTable.FromTexts("test", texts, pairs), 18);
        TokenizedTexts expected = Shipped.EncodeAll(texts, pairs, 18);
        Assert.Equal(expected.Ids, masked.Texts.Ids);
        Assert.Equal(expected.Types, masked.Texts.Types);
        Assert.Equal(expected.CutTexts, masked.Texts.CutTexts);
    }

    [Fact]
    public void Either_text_of_a_pair_may_have_the_mask()
    {
        MaskedTexts texts = MaskedTexts.Tokenize(Shipped, TextTable.FromTexts("test", ["a b", "a [MASK]", "[MASK]"], ["[MASK] c", "d", "[MASK]"]), 64);
        Assert.Equal([[4], [2], [1, 3]], texts.Masks);
        Assert.Equal([0, 0, 0, 0, 1, 1, 1], texts.Texts.TypesOf(0).ToArray());
    }

    [Fact]
    public void A_text_that_is_cut_keeps_its_masks_or_is_refused()
    {
        MaskedTexts texts = MaskedTexts.Tokenize(Shipped, TextTable.FromTexts("test", ["a [MASK] b c d e f g"]), 5);
        Assert.Equal([[2]], texts.Masks);
        Assert.Equal(1, texts.Texts.CutTexts);
        Refused(TextTable.FromTexts("test", ["[MASK] a b c d [MASK] e [MASK]"]), 5, "of the 3 masks", "2 would be cut away", "10 tokens, and at most 5 were expected");
    }

    [Fact]
    public void A_text_without_a_mask_is_named()
    {
        Refused(TextTable.FromTexts("fill-mask", ["fire [mask]"]), 64, "fill-mask: \"fire [mask]\" has no [MASK]", "in capitals");
        TextTable table = new("texts.csv", ["1", "2"], ["[MASK]", new string('x', 100)], null, null, [2, 5]);
        Refused(table, 64, $"texts.csv, line 5: \"{new string('x', 60)}...\" has no [MASK]");
        Refused(new TextTable("pairs.csv", ["1"], ["a"], ["b"], null, [2]), 64, "pairs.csv, line 2: \"a\" with \"b\" has no [MASK]");
    }

    [Fact]
    public void A_vocabulary_without_a_mask_is_refused()
    {
        WordPieceTokenizer tokenizer = new(new Vocabulary(["[UNK]", "[CLS]", "[SEP]", "[PAD]", "a"], "vocab.txt"));
        var error = Assert.Throws<ModelException>(() => MaskedTexts.Tokenize(tokenizer, TextTable.FromTexts("test", ["[MASK]"]), 64));
        Assert.Contains("vocab.txt: has no [MASK]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Filled_texts_join_the_rest_of_a_word()
    {
        FilledText text = new("A [MASK] and burn [MASK].", "[MASK]!", "[MASK]", [Candidates("fire", "flood"), Candidates("##ing", "it"), Candidates("help", "##s")]);
        Assert.Equal(("A fire and burning.", "help!"), text.Fill());
        Assert.Equal(("A flood and burning.", "help!"), text.Fill(0, 1));
        Assert.Equal(("A fire and burn it.", "help!"), text.Fill(1, 1));
        Assert.Equal(("A fire and burning.", "s!"), text.Fill(2, 1));

        static TokenCandidate[] Candidates(params string[] tokens) => [.. tokens.Select((token, id) => new TokenCandidate(id, token, 0.5f))];
    }

    private static void Refused(TextTable table, int maxLength, params string[] expected)
    {
        var error = Assert.Throws<ModelException>(() => MaskedTexts.Tokenize(Shipped, table, maxLength));
        Assert.All(expected, text => Assert.Contains(text, error.Message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', error.Message);
    }
}
