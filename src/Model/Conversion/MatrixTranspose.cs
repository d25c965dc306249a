using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Engine.Model.Conversion;

/// <summary>
/// Transposes a row-major matrix, a part of the result at a time. Squares of 16 x 16 numbers are a cache line wide on both sides, so that every line
/// that is touched is used whole; within them, four by four numbers change places in registers.
/// </summary>
internal static class MatrixTranspose
{
    private const int Square = 16;
    private const int Quad = 4;

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

    private static void FillRows(ReadOnlySpan<float> source, int rows, int columns, int first, Span<float> target)
    {
        int count = target.Length / rows;
        for (int column = 0; column < count; column += Square)
        {
            int width = Math.Min(Square, count - column);
            for (int row = 0; row < rows; row += Square)
            {
                int height = Math.Min(Square, rows - row);
                var from = source[(row * columns + first + column)..];
                var to = target[(column * rows + row)..];
                if (width == Square && height == Square)
                    FillSquare(from, columns, to, rows);
                else
                    FillEdge(from, columns, to, rows, height, width);
            }
        }
    }

    private static void FillSquare(ReadOnlySpan<float> source, int columns, Span<float> target, int rows)
    {
        ref float from = ref MemoryMarshal.GetReference(source[..((Square - 1) * columns + Square)]);
        ref float to = ref MemoryMarshal.GetReference(target[..((Square - 1) * rows + Square)]);
        for (int column = 0; column < Square; column += Quad)
        {
            for (int row = 0; row < Square; row += Quad)
            {
                nuint read = (nuint)(row * columns + column);
                var a = Vector128.LoadUnsafe(ref from, read);
                var b = Vector128.LoadUnsafe(ref from, read + (nuint)columns);
                var c = Vector128.LoadUnsafe(ref from, read + 2 * (nuint)columns);
                var d = Vector128.LoadUnsafe(ref from, read + 3 * (nuint)columns);
                var (abFirst, abLast) = (Interleave(a.GetLower(), b.GetLower()), Interleave(a.GetUpper(), b.GetUpper()));
                var (cdFirst, cdLast) = (Interleave(c.GetLower(), d.GetLower()), Interleave(c.GetUpper(), d.GetUpper()));
                nuint write = (nuint)(column * rows + row);
                Vector128.Create(abFirst.GetLower(), cdFirst.GetLower()).StoreUnsafe(ref to, write);
                Vector128.Create(abFirst.GetUpper(), cdFirst.GetUpper()).StoreUnsafe(ref to, write + (nuint)rows);
                Vector128.Create(abLast.GetLower(), cdLast.GetLower()).StoreUnsafe(ref to, write + 2 * (nuint)rows);
                Vector128.Create(abLast.GetUpper(), cdLast.GetUpper()).StoreUnsafe(ref to, write + 3 * (nuint)rows);
            }
        }
    }

    /// <summary>(a0, a1), (b0, b1) to (a0, b0, a1, b1).</summary>
    private static Vector128<float> Interleave(Vector64<float> a, Vector64<float> b) =>
        Vector128.Shuffle(Vector128.Create(a, b), Vector128.Create(0, 2, 1, 3));

    private static void FillEdge(ReadOnlySpan<float> source, int columns, Span<float> target, int rows, int height, int width)
    {
        for (int column = 0; column < width; column++)
        {
            for (int row = 0; row < height; row++)
                target[column * rows + row] = source[row * columns + column];
        }
    }
}
