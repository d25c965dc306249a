namespace Engine.Tokenizer.Tests;

/// <summary>Ids that are joined by hand are what the tokenizer makes of the texts.</summary>
public class SequenceJoiningTests
{
    [Theory]
    [InlineData("huggingface")]
    [InlineData("google")]
    [InlineData("tftext")]
    public void JoinedIdsAreThoseOfTheTextsAtEveryLength(string convention)
    {
        WordPieceTokenizer tokenizer = Repository.Tokenizer(convention, lowercase: true);
        foreach ((string text, string? pair) in new[] { ("a forest fire near La Ronge", null), ("", null), ("a b c d e", "f g"), ("a", "b c d e f"), ("a b c", "d e f"), ("", "a b c") })
        {
            int[] first = Ids(text);
            int[]? second = pair is null ? null : Ids(pair);
            for (int length = pair is null ? 2 : 3; length < 14; length++)
            {
                TokenEncoding expected = tokenizer.Encode(text, pair, length);
                TokenEncoding joined = tokenizer.Join(first, second, length);
                Assert.Equal(expected.Ids, joined.Ids);
                Assert.Equal(expected.Types, joined.Types);
                Assert.Equal(expected.CutTokens, joined.CutTokens);
            }
        }
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Join([5], [6], 2));

        int[] Ids(string text)
        {
            List<int> ids = [];
            tokenizer.Encode(text, ids);
            return [.. ids];
        }
    }

    [Fact]
    public void SequencesMadeOneByOneAreThoseOfTheBatch()
    {
        string[] texts = ["a forest fire", "", "near La Ronge Sask. Canada"], pairs = ["b", "c d e f g h", ""];
        TokenizedTexts expected = Repository.Uncased.EncodeAll(texts, pairs, 7);
        TokenizedTexts made = TokenizedTexts.Of([.. texts.Zip(pairs, (text, pair) => Repository.Uncased.Encode(text, pair, 7))]);
        Assert.Equal(expected.Ids, made.Ids);
        Assert.Equal(expected.Types, made.Types);
        Assert.Equal(expected.SequenceOffsets, made.SequenceOffsets);
        Assert.Equal((expected.CutTexts, expected.CutTokens), (made.CutTexts, made.CutTokens));
        Assert.Equal(0, TokenizedTexts.Of([]).Count);
    }
}
