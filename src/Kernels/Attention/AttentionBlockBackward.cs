using ILGPU;
using static Engine.Kernels.AttentionBlocks;

namespace Engine.Kernels;

/// <summary>
/// GPU-shaped attention, backward, in two kernels: one takes a square's edge of queries through all keys, the other a square's edge of keys through all
/// queries. Both recompute the probabilities from the saved log-sum-exp.
/// </summary>
internal static class AttentionBlockBackward
{
    /// <summary>The queries' gradient, and delta, the sum over each row of output times gradient [heads, tokens], for the other kernel.</summary>
    [Kernel(typeof(AttentionBlock32))]
    [Kernel(typeof(WideAttentionBlock32))]
    [Kernel(typeof(AttentionBlock16))]
    [Kernel(typeof(WideAttentionBlock8))]
    internal static void QueryGradient<TTile>(
        ArrayView<int> tiles,
        ArrayView<float> qkv,
        ArrayView<float> context,
        ArrayView<float> contextGradient,
        ArrayView<float> logSumExp,
        ArrayView<float> delta,
        ArrayView<float> qkvGradient,
        AttentionArguments arguments,
        DropoutDraw draw)
        where TTile : struct, IAttentionBlock
    {
        var left = SharedMemory.Allocate<float>(SquareFloats<TTile>());
        var right = SharedMemory.Allocate<float>(SquareFloats<TTile>());
        var scoreGradient = SharedMemory.Allocate<float>(SquareFloats<TTile>());
        var gradient = SharedMemory.Allocate<float>(WideFloats<TTile>());

        int side = default(TTile).Side;
        int edge = side * 4;
        int y = Group.IdxX >> default(TTile).SideShift;
        int x = Group.IdxX & (side - 1);
        int tile = Grid.IdxX / arguments.Heads;
        int head = Grid.IdxX - tile * arguments.Heads;
        int first = tiles[tile * AttentionTileList.Fields];
        int length = tiles[tile * AttentionTileList.Fields + 1];
        int firstQuery = tiles[tile * AttentionTileList.Fields + 2];
        int headSize = arguments.HeadSize;
        int rowStride = arguments.Width * 3;
        int headAt = first * rowStride + head * headSize;
        int queries = length - firstQuery;
        int queriesAt = headAt + firstQuery * rowStride;
        int outputAt = (first + firstQuery) * arguments.Width + head * headSize;
        int rowsAt = head * arguments.Tokens + first + firstQuery;

        var deltas = RowSums<TTile>(RowProducts<TTile>(context, contextGradient, outputAt, arguments.Width, queries, headSize), left);
        StoreRows<TTile>(deltas, delta, rowsAt, queries);
        var rowLogSumExp = LoadRows<TTile>(logSumExp, rowsAt, queries);
        Clear<TTile>(gradient, headSize);
        for (int firstKey = 0; firstKey < length; firstKey += edge)
        {
            int keys = length - firstKey;
            int keysAt = headAt + firstKey * rowStride + arguments.Width;
            var scores = Products<TTile>(qkv, queriesAt, rowStride, queries, qkv, keysAt, rowStride, keys, headSize, left, right);
            var probabilities = Probabilities<TTile>(scores, arguments.Scale, rowLogSumExp, x, keys);
            var gradients = Products<TTile>(
                contextGradient, outputAt, arguments.Width, queries, qkv, keysAt + arguments.Width, rowStride, keys, headSize, left, right);
            var factors = Factors<TTile>(draw, arguments.TokenBase + first + firstQuery + y, head, firstKey + x);
            Differentiate(probabilities, gradients, factors, deltas).Store(scoreGradient, y * Stride<TTile>() + x, Stride<TTile>() * side, side);
            Accumulate<TTile>(scoreGradient, false, qkv, keysAt, rowStride, keys, headSize, right, gradient, new Quad(1f, 1f, 1f, 1f));
        }

        float scale = arguments.Scale;
        Write<TTile>(gradient, new Quad(scale, scale, scale, scale), qkvGradient, queriesAt, rowStride, queries, headSize);
    }

    /// <summary>The keys' and the values' gradients.</summary>
    [Kernel(typeof(AttentionBlock32))]
    [Kernel(typeof(WideAttentionBlock32))]
    [Kernel(typeof(AttentionBlock16))]
    [Kernel(typeof(WideAttentionBlock8))]
    internal static void KeyValueGradient<TTile>(
        ArrayView<int> tiles,
        ArrayView<float> qkv,
        ArrayView<float> contextGradient,
        ArrayView<float> logSumExp,
        ArrayView<float> delta,
        ArrayView<float> qkvGradient,
        AttentionArguments arguments,
        DropoutDraw draw)
        where TTile : struct, IAttentionBlock
    {
        var left = SharedMemory.Allocate<float>(SquareFloats<TTile>());
        var right = SharedMemory.Allocate<float>(SquareFloats<TTile>());
        var square = SharedMemory.Allocate<float>(SquareFloats<TTile>());
        var keyGradient = SharedMemory.Allocate<float>(WideFloats<TTile>());
        var valueGradient = SharedMemory.Allocate<float>(WideFloats<TTile>());

        int side = default(TTile).Side;
        int edge = side * 4;
        int y = Group.IdxX >> default(TTile).SideShift;
        int x = Group.IdxX & (side - 1);
        int tile = Grid.IdxX / arguments.Heads;
        int head = Grid.IdxX - tile * arguments.Heads;
        int first = tiles[tile * AttentionTileList.Fields];
        int length = tiles[tile * AttentionTileList.Fields + 1];
        int firstKey = tiles[tile * AttentionTileList.Fields + 2];
        int headSize = arguments.HeadSize;
        int rowStride = arguments.Width * 3;
        int headAt = first * rowStride + head * headSize;
        int keys = length - firstKey;
        int keysAt = headAt + firstKey * rowStride + arguments.Width;
        int valuesAt = keysAt + arguments.Width;
        var ones = new Quad(1f, 1f, 1f, 1f);

        Clear<TTile>(keyGradient, headSize);
        Clear<TTile>(valueGradient, headSize);
        for (int firstQuery = 0; firstQuery < length; firstQuery += edge)
        {
            int queries = length - firstQuery;
            int queriesAt = headAt + firstQuery * rowStride;
            int outputAt = (first + firstQuery) * arguments.Width + head * headSize;
            int rowsAt = head * arguments.Tokens + first + firstQuery;
            var scores = Products<TTile>(qkv, queriesAt, rowStride, queries, qkv, keysAt, rowStride, keys, headSize, left, right);
            var probabilities = Probabilities<TTile>(scores, arguments.Scale, LoadRows<TTile>(logSumExp, rowsAt, queries), x, keys);
            var factors = Factors<TTile>(draw, arguments.TokenBase + first + firstQuery + y, head, firstKey + x);
            new Quads(
                probabilities.Row0.Times(factors.Row0),
                probabilities.Row1.Times(factors.Row1),
                probabilities.Row2.Times(factors.Row2),
                probabilities.Row3.Times(factors.Row3)).Store(square, y * Stride<TTile>() + x, Stride<TTile>() * side, side);
            Accumulate<TTile>(square, true, contextGradient, outputAt, arguments.Width, queries, headSize, right, valueGradient, ones);

            var gradients = Products<TTile>(
                contextGradient, outputAt, arguments.Width, queries, qkv, valuesAt, rowStride, keys, headSize, left, right);
            Differentiate(probabilities, gradients, factors, LoadRows<TTile>(delta, rowsAt, queries))
                .Store(square, y * Stride<TTile>() + x, Stride<TTile>() * side, side);
            Accumulate<TTile>(square, true, qkv, queriesAt, rowStride, queries, headSize, right, keyGradient, ones);
        }

        float scale = arguments.Scale;
        Write<TTile>(keyGradient, new Quad(scale, scale, scale, scale), qkvGradient, keysAt, rowStride, keys, headSize);
        Write<TTile>(valueGradient, ones, qkvGradient, valuesAt, rowStride, keys, headSize);
    }

    private static Quads Probabilities<TTile>(Quads scores, float scale, Quad rowLogSumExp, int x, int keys)
        where TTile : struct, IAttentionBlock
    {
        int side = default(TTile).Side;
        return new Quads(
            scores.Row0.Times(scale).Minus(rowLogSumExp.X).ExpNonPositive().Limit(x, side, keys, 0f),
            scores.Row1.Times(scale).Minus(rowLogSumExp.Y).ExpNonPositive().Limit(x, side, keys, 0f),
            scores.Row2.Times(scale).Minus(rowLogSumExp.Z).ExpNonPositive().Limit(x, side, keys, 0f),
            scores.Row3.Times(scale).Minus(rowLogSumExp.W).ExpNonPositive().Limit(x, side, keys, 0f));
    }

    private static Quads Factors<TTile>(DropoutDraw draw, int token, int head, int key)
        where TTile : struct, IAttentionBlock
    {
        var ones = new Quad(1f, 1f, 1f, 1f);
        var factors = new Quads(ones, ones, ones, ones);
        if (draw.Threshold > 0)
        {
            int side = default(TTile).Side;
            factors = new Quads(
                DropoutFactors<TTile>(draw, token, head, key),
                DropoutFactors<TTile>(draw, token + side, head, key),
                DropoutFactors<TTile>(draw, token + side * 2, head, key),
                DropoutFactors<TTile>(draw, token + side * 3, head, key));
        }

        return factors;
    }

    private static Quads Differentiate(Quads probabilities, Quads gradients, Quads factors, Quad deltas) => new(
        probabilities.Row0.Times(gradients.Row0.Times(factors.Row0).Minus(deltas.X)),
        probabilities.Row1.Times(gradients.Row1.Times(factors.Row1).Minus(deltas.Y)),
        probabilities.Row2.Times(gradients.Row2.Times(factors.Row2).Minus(deltas.Z)),
        probabilities.Row3.Times(gradients.Row3.Times(factors.Row3).Minus(deltas.W)));

    /// <summary>The thread's part of the products of its rows of two matrices.</summary>
    private static Quad RowProducts<TTile>(ArrayView<float> left, ArrayView<float> right, int first, int rowStride, int rows, int columns)
        where TTile : struct, IAttentionBlock
    {
        int side = default(TTile).Side;
        int y = Group.IdxX >> default(TTile).SideShift;
        var sum = default(Quad);
        for (int column = Group.IdxX & (side - 1); column < columns; column += side)
        {
            float x0 = 0f;
            float x1 = 0f;
            float x2 = 0f;
            float x3 = 0f;
            int at = first + y * rowStride + column;
            if (y < rows)
                x0 = left[at] * right[at];
            if (y + side < rows)
                x1 = left[at + rowStride * side] * right[at + rowStride * side];
            if (y + side * 2 < rows)
                x2 = left[at + rowStride * side * 2] * right[at + rowStride * side * 2];
            if (y + side * 3 < rows)
                x3 = left[at + rowStride * side * 3] * right[at + rowStride * side * 3];
            sum = sum.MultiplyAdd(1f, new Quad(x0, x1, x2, x3));
        }

        return sum;
    }
}
