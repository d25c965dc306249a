using System.Runtime.CompilerServices;

namespace Engine.Model.Conversion;

/// <summary>
/// Transposes a row-major matrix, a part of the result at a time. Squares go by way of a small buffer: so every cache line of the source and of the result is
/// touched once and used whole, however many of them fall into the same set of the cache, as rows of 4,096 bytes all do.
/// </summary>
internal static class MatrixTranspose
{
    private const int Square = 32;

    /// <summary>Fills a span with consecutive elements of the transposed matrix.</summary>
    /// <param name="source">[rows, columns], row-major.</param>
    /// <param name="rows">Rows of the source: the length of a row of the result.</param>
    /// <param name="columns">Columns of the source: the rows of the result.</param>
    /// <param name="start">The first element wanted, in the order of the result.</param>
    /// <param name="target">Receives consecutive elements of the result, [columns, rows], row-major.</param>
    public static void Fill(ReadOnlySpan<float> source, int rows, int columns, long start, Span<float> target)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(source.Length, (long)rows * columns);
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + target.Length, source.Length);
        while (target.Length > 0)
        {
            int column = (int)(start / rows);
            int row = (int)(start % rows);
            int whole = row == 0 ? target.Length / rows : 0;
            int count;
            if (whole == 0)
            {
                // The part begins or ends within a row of the result.
                count = Math.Min(rows - row, target.Length);
                for (int i = 0; i < count; i++)
                    target[i] = source[(row + i) * columns + column];
            }
            else
            {
                count = whole * rows;
                FillRows(source, rows, columns, column, target[..count]);
            }

            start += count;
            target = target[count..];
        }
    }

    // Compiled optimized at its first call: a conversion would be half done before the runtime came back to it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FillRows(ReadOnlySpan<float> source, int rows, int columns, int first, Span<float> target)
    {
        Span<float> square = stackalloc float[Square * Square];
        int count = target.Length / rows;
        for (int column = 0; column < count; column += Square)
        {
            int width = Math.Min(Square, count - column);
            for (int row = 0; row < rows; row += Square)
            {
                int height = Math.Min(Square, rows - row);
                for (int r = 0; r < height; r++)
                {
                    var line = source.Slice((row + r) * columns + first + column, width);
                    for (int c = 0; c < line.Length; c++)
                        square[c * Square + r] = line[c];
                }

                for (int c = 0; c < width; c++)
                    square.Slice(c * Square, height).CopyTo(target[((column + c) * rows + row)..]);
            }
        }
    }
}
