using Engine.Model.Conversion;
using Xunit;

namespace Engine.Model.Tests.Conversion;

public sealed class MatrixTransposeTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(16, 16)]
    [InlineData(15, 17)]
    [InlineData(33, 48)]
    [InlineData(64, 31)]
    [InlineData(1, 40)]
    [InlineData(40, 1)]
    public void Every_part_of_every_size_is_the_transpose(int rows, int columns)
    {
        float[] source = [.. Enumerable.Range(0, rows * columns).Select(i => (float)i)];
        float[] expected = new float[source.Length];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
                expected[column * rows + row] = source[row * columns + column];
        }

        foreach (int part in new[] { 1, 7, rows, 3 * rows + 5, source.Length })
        {
            var actual = new float[source.Length];
            for (int start = 0; start < source.Length; start += part)
                MatrixTranspose.Fill(source, rows, columns, start, actual.AsSpan(start, Math.Min(part, source.Length - start)));
            Assert.Equal(expected, actual);
        }
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => MatrixTranspose.Fill(new float[6], 2, 2, 0, new float[1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => MatrixTranspose.Fill(new float[6], 2, 3, 5, new float[2]));
    }
}
