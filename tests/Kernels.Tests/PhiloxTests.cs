using Xunit;

namespace Engine.Kernels.Tests;

public class PhiloxTests
{
    // Known answers of the authors' library Random123 (examples/kat_vectors, philox4x32 with 10 rounds).
    [Theory]
    [InlineData(0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x00000000u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Gives_the_authors_known_answers(
        uint counter0, uint counter1, uint counter2, uint counter3, uint key0, uint key1, uint word0, uint word1, uint word2, uint word3)
    {
        var words = Philox.Generate(counter0, counter1, counter2, counter3, key0, key1);

        Assert.Equal((word0, word1, word2, word3), (words.Word0, words.Word1, words.Word2, words.Word3));
    }

    [Fact]
    public void Every_column_has_a_word_of_its_own()
    {
        var seen = new HashSet<(int Call, int Word)>();
        for (var column = 0; column < 1000; column++)
        {
            Assert.True(seen.Add((DropoutDraw.CallOf(column), DropoutDraw.WordOf(column))));
        }
    }

    [Theory]
    [InlineData(0.1f)]
    [InlineData(0.5f)]
    [InlineData(0.9f)]
    public void Drops_with_its_probability(float probability)
    {
        const int Rows = 200;
        const int Columns = 500;
        var draw = new DropoutState(probability, 17, 3, 5).ToDraw();
        var dropped = 0;
        for (var row = 0; row < Rows; row++)
        {
            for (var column = 0; column < Columns; column++)
            {
                var factor = draw.Factor(row, column);
                dropped += factor == 0 ? 1 : 0;
                Assert.True(factor == 0 || factor == draw.Scale);
            }
        }

        // Five standard deviations of a binomial distribution.
        const int Count = Rows * Columns;
        var tolerance = 5 * Math.Sqrt(Count * probability * (1 - probability));
        Assert.InRange(dropped, (Count * probability) - tolerance, (Count * probability) + tolerance);
        Assert.Equal(1 / (1 - probability), draw.Scale, 5);
    }

    [Fact]
    public void Seed_step_site_and_row_change_the_mask()
    {
        var state = new DropoutState(0.5f, 0x1234567890ul, 7, 9);
        var first = Mask(state, 11);

        Assert.Equal(first, Mask(state, 11));
        Assert.NotEqual(first, Mask(state with { Seed = 0x1234567891ul }, 11));
        Assert.NotEqual(first, Mask(state with { Seed = 0x2234567890ul }, 11));
        Assert.NotEqual(first, Mask(state with { Step = 8 }, 11));
        Assert.NotEqual(first, Mask(state with { Site = 10 }, 11));
        Assert.NotEqual(first, Mask(state, 12));
    }

    [Fact]
    public void Probability_zero_keeps_everything_as_it_is()
    {
        var draw = DropoutState.Off.ToDraw();

        Assert.Equal(1f, draw.Scale);
        Assert.All(Enumerable.Range(0, 1000), column => Assert.Equal(1f, draw.Factor(3, column)));
    }

    [Theory]
    [InlineData(-0.1f)]
    [InlineData(1f)]
    [InlineData(float.NaN)]
    public void Refuses_an_impossible_probability(float probability) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new DropoutState(probability, 0, 0, 0).ToDraw());

    private static bool[] Mask(DropoutState state, int row)
    {
        var draw = state.ToDraw();
        return [.. Enumerable.Range(0, 128).Select(column => draw.Factor(row, column) > 0)];
    }
}
