using System.Globalization;

namespace Engine.Tokenizer.Tests;

public class TruncationTests
{
    private static readonly WordPieceTokenizer Tokenizer = new(new Vocabulary(["[UNK]", "[CLS]", "[SEP]", "[PAD]", "a", "b"]));

    /// <summary>Every strategy at many lengths, against Hugging Face's (fixtures/tokenizer/make/truncation_reference.mjs).</summary>
    [Fact]
    public void EveryStrategyKeepsWhatHuggingFaceKeeps()
    {
        int count = 0;
        foreach (string line in File.ReadLines(Repository.Fixture("truncation.tsv")))
        {
            string[] columns = line.Split('\t');
            TruncationStrategy strategy = Enum.Parse<TruncationStrategy>(columns[0]);
            string text = string.Concat(Enumerable.Repeat("a ", Number(columns[1])));
            string? pair = columns[2] == "-" ? null : string.Concat(Enumerable.Repeat("b ", Number(columns[2])));
            int maxLength = Number(columns[3]);
            if (columns[4] == "error")
            {
                Assert.Throws<ArgumentException>(() => Tokenizer.Encode(text, pair, maxLength, strategy));
            }
            else
            {
                TokenEncoding encoding = Tokenizer.Encode(text, pair, maxLength, strategy);
                int[] expected = [Tokenizer.ClassifierId, .. Enumerable.Repeat(4, Number(columns[4])), Tokenizer.SeparatorId,
                    .. pair is null ? (int[])[] : [.. Enumerable.Repeat(5, Number(columns[5])), Tokenizer.SeparatorId]];
                Assert.True(expected.AsSpan().SequenceEqual(encoding.Ids), line);
                int firstLength = Number(columns[4]) + 2;
                Assert.All(encoding.Types[..firstLength], type => Assert.Equal(0, type));
                Assert.All(encoding.Types[firstLength..], type => Assert.Equal(1, type));
                int all = Number(columns[1]) + (pair is null ? 0 : Number(columns[2]));
                Assert.Equal(all - Number(columns[4]) - Number(columns[5]), encoding.CutTokens);
            }
            count++;
        }
        Assert.Equal(1008, count);
    }

    /// <summary>Google's way, one token after the other: from the end of the longer text, and from the second one's where both are equal. TensorFlow Text's gives the same lengths.</summary>
    [Theory]
    [InlineData("google")]
    [InlineData("tftext")]
    public void OutsideOfHuggingFacesConventionAnOddPlaceGoesToTheFirstText(string convention)
    {
        Assert.True(TokenizerConventionNames.TryParse(convention, out TokenizerConvention parsed));
        for (int first = 0; first < 14; first++)
        {
            for (int second = 0; second < 14; second++)
            {
                for (int room = 0; room < 28; room++)
                {
                    (int a, int b) = (first, second);
                    while (a + b > room)
                        (a, b) = a > b ? (a - 1, b) : (a, b - 1);
                    Assert.Equal((a, b), Truncation.Lengths(first, second, isPair: true, room, TruncationStrategy.LongestFirst, parsed));
                }
            }
        }
    }

    [Theory]
    [InlineData(null, 1)]
    [InlineData("b", 2)]
    public void NoRoomForSpecialTokensIsAnError(string? pair, int maxLength)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.Encode("a", pair, maxLength));
        Assert.Contains("special tokens", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnErrorInABatchNamesTheText()
    {
        var error = Assert.Throws<ArgumentException>(() => Tokenizer.EncodeAll(["a a a a", "a"], ["b", "b b b b"], 6, TruncationStrategy.OnlyFirst));
        Assert.Contains("Text 2", error.Message, StringComparison.Ordinal);
        Assert.Contains("first text has 1 tokens", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PairsMustBeAsManyAsTexts()
    {
        var error = Assert.Throws<ArgumentException>(() => Tokenizer.EncodeAll(["a", "a"], ["b"]));
        Assert.Contains("2 first texts, but 1 second", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<ArgumentException>(() => Tokenizer.EncodeAll(["a", null!]));
        Assert.Contains("Text 2 is null", error.Message, StringComparison.Ordinal);
    }

    private static int Number(string digits) => int.Parse(digits, CultureInfo.InvariantCulture);
}
