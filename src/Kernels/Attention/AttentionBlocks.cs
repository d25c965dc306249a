using ILGPU;
using ILGPU.Util;

namespace Engine.Kernels;

/// <summary>
/// What the GPU-shaped attention kernels are built of. A group of Side x Side threads works on squares of Edge = 4 x Side rows and columns in shared
/// memory. Thread (y, x) has the rows y, y + Side, y + 2 Side, y + 3 Side and the columns x, x + Side, ... of a square; always the same ones, so that
/// an accumulator in shared memory is a thread's own.
/// </summary>
internal static class AttentionBlocks
{
    /// <summary>Distance of the rows of a square: odd, so that columns spread over the banks of shared memory.</summary>
    internal static int Stride<TTile>()
        where TTile : struct, IAttentionBlock => default(TTile).Side * 4 + 1;

    /// <summary>Elements of a square in shared memory.</summary>
    internal static int SquareFloats<TTile>()
        where TTile : struct, IAttentionBlock => default(TTile).Side * 4 * (default(TTile).Side * 4 + 1);

    /// <summary>Distance of the rows of an accumulator that is as wide as a head.</summary>
    internal static int WideStride<TTile>()
        where TTile : struct, IAttentionBlock => default(TTile).HeadWidth + 1;

    /// <summary>Elements of an accumulator that is as wide as a head.</summary>
    internal static int WideFloats<TTile>()
        where TTile : struct, IAttentionBlock => default(TTile).Side * 4 * (default(TTile).HeadWidth + 1);

    /// <summary>Copies a square of a matrix into shared memory; zeros outside of the matrix. Element [r, c] goes to r x Stride + c.</summary>
    /// <param name="source">The matrix.</param>
    /// <param name="first">The square's first element.</param>
    /// <param name="rowStride">Distance of the matrix's rows.</param>
    /// <param name="rows">Rows that exist; may exceed the square.</param>
    /// <param name="columns">Columns that exist; may exceed the square.</param>
    /// <param name="target">Shared memory.</param>
    internal static void Load<TTile>(ArrayView<float> source, int first, int rowStride, int rows, int columns, ArrayView<float> target)
        where TTile : struct, IAttentionBlock
    {
        int edge = default(TTile).Side * 4;
        int threads = default(TTile).Side * default(TTile).Side;
        for (int i = Group.IdxX; i < edge * edge; i += threads)
        {
            int row = i >> (default(TTile).SideShift + 2);
            int column = i & (edge - 1);
            float value = 0f;
            if (row < rows && column < columns)
                value = source[first + row * rowStride + column];
            target[row * Stride<TTile>() + column] = value;
        }
    }

    /// <summary>
    /// sum + left x right over a square's edge. The thread's rows are taken from the left operand, <paramref name="leftRow"/> apart, its columns from
    /// the right one, <paramref name="rightColumn"/> apart; steps are <paramref name="leftStep"/> and <paramref name="rightStep"/> apart.
    /// </summary>
    internal static Quads Multiply<TTile>(
        Quads sum, ArrayView<float> left, int leftRow, int leftStep, ArrayView<float> right, int rightColumn, int rightStep)
        where TTile : struct, IAttentionBlock
    {
        int side = default(TTile).Side;
        int leftAt = (Group.IdxX >> default(TTile).SideShift) * leftRow;
        int rightAt = (Group.IdxX & (side - 1)) * rightColumn;
        for (int step = 0; step < side * 4; step++)
        {
            sum = sum.MultiplyAdd(
                Quad.Load(left, leftAt + step * leftStep, leftRow * side), Quad.Load(right, rightAt + step * rightStep, rightColumn * side));
        }

        return sum;
    }

    /// <summary>
    /// The thread's part of left x transpose(right) for two matrices of <paramref name="columns"/> columns in device memory, through squares in shared
    /// memory. All threads of the group call it; it begins and ends with a barrier.
    /// </summary>
    internal static Quads Products<TTile>(
        ArrayView<float> left,
        int leftAt,
        int leftStride,
        int leftRows,
        ArrayView<float> right,
        int rightAt,
        int rightStride,
        int rightRows,
        int columns,
        ArrayView<float> leftSquare,
        ArrayView<float> rightSquare)
        where TTile : struct, IAttentionBlock
    {
        var sum = default(Quads);
        for (int column = 0; column < columns; column += default(TTile).Side * 4)
        {
            Group.Barrier();
            Load<TTile>(left, leftAt + column, leftStride, leftRows, columns - column, leftSquare);
            Load<TTile>(right, rightAt + column, rightStride, rightRows, columns - column, rightSquare);
            Group.Barrier();
            sum = Multiply<TTile>(sum, leftSquare, Stride<TTile>(), 1, rightSquare, Stride<TTile>(), 1);
        }

        Group.Barrier();
        return sum;
    }

    /// <summary>
    /// wide (+)= square x matrix, where the matrix's rows are in device memory: each thread has its rows of the square and its columns of the matrix.
    /// With <paramref name="transposed"/> the square's columns are the thread's rows. Begins with a barrier.
    /// </summary>
    internal static void Accumulate<TTile>(
        ArrayView<float> square,
        bool transposed,
        ArrayView<float> matrix,
        int matrixAt,
        int matrixStride,
        int matrixRows,
        int columns,
        ArrayView<float> matrixSquare,
        ArrayView<float> wide,
        Quad factors)
        where TTile : struct, IAttentionBlock
    {
        int side = default(TTile).Side;
        int wideAt = (Group.IdxX >> default(TTile).SideShift) * WideStride<TTile>() + (Group.IdxX & (side - 1));
        for (int column = 0; column < columns; column += side * 4)
        {
            Group.Barrier();
            Load<TTile>(matrix, matrixAt + column, matrixStride, matrixRows, columns - column, matrixSquare);
            Group.Barrier();
            var sum = Quads.Load(wide, wideAt + column, WideStride<TTile>() * side, side).TimesRows(factors);
            sum = Multiply<TTile>(sum, square, transposed ? 1 : Stride<TTile>(), transposed ? Stride<TTile>() : 1, matrixSquare, 1, Stride<TTile>());
            sum.Store(wide, wideAt + column, WideStride<TTile>() * side, side);
        }
    }

    /// <summary>Sets an accumulator's elements that a thread owns to zero.</summary>
    internal static void Clear<TTile>(ArrayView<float> wide, int columns)
        where TTile : struct, IAttentionBlock
    {
        int side = default(TTile).Side;
        int wideAt = (Group.IdxX >> default(TTile).SideShift) * WideStride<TTile>() + (Group.IdxX & (side - 1));
        for (int column = 0; column < columns; column += side * 4)
            default(Quads).Store(wide, wideAt + column, WideStride<TTile>() * side, side);
    }

    /// <summary>Writes an accumulator to a matrix, each of the thread's rows times a number of its own.</summary>
    internal static void Write<TTile>(
        ArrayView<float> wide, Quad factors, ArrayView<float> target, int first, int rowStride, int rows, int columns)
        where TTile : struct, IAttentionBlock
    {
        int side = default(TTile).Side;
        int row = Group.IdxX >> default(TTile).SideShift;
        for (int column = Group.IdxX & (side - 1); column < columns; column += side)
        {
            int from = row * WideStride<TTile>() + column;
            int to = first + row * rowStride + column;
            if (row < rows)
                target[to] = wide[from] * factors.X;
            if (row + side < rows)
                target[to + rowStride * side] = wide[from + WideStride<TTile>() * side] * factors.Y;
            if (row + side * 2 < rows)
                target[to + rowStride * side * 2] = wide[from + WideStride<TTile>() * side * 2] * factors.Z;
            if (row + side * 3 < rows)
                target[to + rowStride * side * 3] = wide[from + WideStride<TTile>() * side * 3] * factors.W;
        }
    }

    /// <summary>Reads the numbers of the thread's rows from device memory; 0 for rows that do not exist.</summary>
    internal static Quad LoadRows<TTile>(ArrayView<float> source, int first, int rows)
        where TTile : struct, IAttentionBlock
    {
        int side = default(TTile).Side;
        int row = Group.IdxX >> default(TTile).SideShift;
        float x = 0f;
        float y = 0f;
        float z = 0f;
        float w = 0f;
        if (row < rows)
            x = source[first + row];
        if (row + side < rows)
            y = source[first + row + side];
        if (row + side * 2 < rows)
            z = source[first + row + side * 2];
        if (row + side * 3 < rows)
            w = source[first + row + side * 3];
        return new Quad(x, y, z, w);
    }

    /// <summary>Writes the numbers of the thread's rows to device memory; only the first thread of each row writes.</summary>
    internal static void StoreRows<TTile>(Quad values, ArrayView<float> target, int first, int rows)
        where TTile : struct, IAttentionBlock
    {
        int side = default(TTile).Side;
        int row = Group.IdxX >> default(TTile).SideShift;
        if ((Group.IdxX & (side - 1)) != 0)
            return;
        if (row < rows)
            target[first + row] = values.X;
        if (row + side < rows)
            target[first + row + side] = values.Y;
        if (row + side * 2 < rows)
            target[first + row + side * 2] = values.Z;
        if (row + side * 3 < rows)
            target[first + row + side * 3] = values.W;
    }

    /// <summary>Sums a number of each of the thread's rows over the threads of the row, in order. Begins and ends with a barrier.</summary>
    internal static Quad RowSums<TTile>(Quad values, ArrayView<float> shared)
        where TTile : struct, IAttentionBlock
    {
        int side = default(TTile).Side;
        int at = Exchange<TTile>(values, shared);
        var sum = default(Quad);
        for (int i = 0; i < side; i++)
            sum = sum.MultiplyAdd(1f, Quad.Load(shared, at + i, Stride<TTile>() * side));
        Group.Barrier();
        return sum;
    }

    /// <summary>The largest number of each of the thread's rows among the threads of the row. Begins and ends with a barrier.</summary>
    internal static Quad RowMaxima<TTile>(Quad values, ArrayView<float> shared)
        where TTile : struct, IAttentionBlock
    {
        int side = default(TTile).Side;
        int at = Exchange<TTile>(values, shared);
        var max = Quad.Load(shared, at, Stride<TTile>() * side);
        for (int i = 1; i < side; i++)
        {
            var other = Quad.Load(shared, at + i, Stride<TTile>() * side);
            max = new Quad(
                DeviceMath.Max(max.X, other.X), DeviceMath.Max(max.Y, other.Y), DeviceMath.Max(max.Z, other.Z), DeviceMath.Max(max.W, other.W));
        }

        Group.Barrier();
        return max;
    }

    /// <summary>The factors that dropout gives the thread's elements of a row.</summary>
    internal static Quad DropoutFactors<TTile>(DropoutDraw draw, int token, int head, int key)
        where TTile : struct, IAttentionBlock
    {
        int side = default(TTile).Side;
        return new Quad(
            DropoutFactor(draw, token, head, key),
            DropoutFactor(draw, token, head, key + side),
            DropoutFactor(draw, token, head, key + side * 2),
            DropoutFactor(draw, token, head, key + side * 3));
    }

    private static float DropoutFactor(DropoutDraw draw, int token, int head, int key)
    {
        var words = draw.Words(token, AttentionArguments.DropoutCall(head, key));
        return Utilities.Select(draw.Keeps(words.Pick(DropoutDraw.WordOf(key))), draw.Scale, 0f);
    }

    private static int Exchange<TTile>(Quad values, ArrayView<float> shared)
        where TTile : struct, IAttentionBlock
    {
        int side = default(TTile).Side;
        int at = (Group.IdxX >> default(TTile).SideShift) * Stride<TTile>();
        Group.Barrier();
        values.Store(shared, at + (Group.IdxX & (side - 1)), Stride<TTile>() * side);
        Group.Barrier();
        return at;
    }
}
