using ILGPU;
using static Engine.Kernels.AttentionBlocks;

namespace Engine.Kernels;

/// <summary>GPU-shaped attention, forward: a group takes a square's edge of queries of one sequence and head through all keys.</summary>
internal static class AttentionBlockForward
{
    /// <summary>The forward pass of one tile and head.</summary>
    [Kernel(typeof(AttentionBlock32))]
    [Kernel(typeof(WideAttentionBlock32))]
    [Kernel(typeof(AttentionBlock16))]
    [Kernel(typeof(WideAttentionBlock8))]
    internal static void Forward<TTile>(
        ArrayView<int> tiles,
        ArrayView<float> qkv,
        ArrayView<float> context,
        ArrayView<float> logSumExp,
        AttentionArguments arguments,
        DropoutDraw draw)
        where TTile : struct, IAttentionBlock
    {
        var left = SharedMemory.Allocate<float>(SquareFloats<TTile>());
        var right = SharedMemory.Allocate<float>(SquareFloats<TTile>());
        var probabilities = SharedMemory.Allocate<float>(SquareFloats<TTile>());
        var output = SharedMemory.Allocate<float>(WideFloats<TTile>());

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
        int token = arguments.TokenBase + first + firstQuery + y;

        var max = new Quad(float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity);
        var sums = default(Quad);
        Clear<TTile>(output, headSize);
        for (int firstKey = 0; firstKey < length; firstKey += edge)
        {
            int keys = length - firstKey;
            int keysAt = headAt + firstKey * rowStride + arguments.Width;
            var scores = Products<TTile>(
                qkv, headAt + firstQuery * rowStride, rowStride, queries, qkv, keysAt, rowStride, keys, headSize, left, right);
            var row0 = scores.Row0.Times(arguments.Scale).Limit(x, side, keys, float.NegativeInfinity);
            var row1 = scores.Row1.Times(arguments.Scale).Limit(x, side, keys, float.NegativeInfinity);
            var row2 = scores.Row2.Times(arguments.Scale).Limit(x, side, keys, float.NegativeInfinity);
            var row3 = scores.Row3.Times(arguments.Scale).Limit(x, side, keys, float.NegativeInfinity);
            var tileMax = RowMaxima<TTile>(new Quad(row0.Max, row1.Max, row2.Max, row3.Max), left);
            tileMax = new Quad(
                DeviceMath.Max(tileMax.X, max.X), DeviceMath.Max(tileMax.Y, max.Y), DeviceMath.Max(tileMax.Z, max.Z), DeviceMath.Max(tileMax.W, max.W));
            var correction = new Quad(max.X - tileMax.X, max.Y - tileMax.Y, max.Z - tileMax.Z, max.W - tileMax.W).ExpNonPositive();
            max = tileMax;

            row0 = row0.Minus(max.X).ExpNonPositive();
            row1 = row1.Minus(max.Y).ExpNonPositive();
            row2 = row2.Minus(max.Z).ExpNonPositive();
            row3 = row3.Minus(max.W).ExpNonPositive();
            sums = new Quad(row0.Sum, row1.Sum, row2.Sum, row3.Sum).MultiplyAdd(1f, sums.Times(correction));
            if (draw.Threshold > 0)
            {
                row0 = row0.Times(DropoutFactors<TTile>(draw, token, head, firstKey + x));
                row1 = row1.Times(DropoutFactors<TTile>(draw, token + side, head, firstKey + x));
                row2 = row2.Times(DropoutFactors<TTile>(draw, token + side * 2, head, firstKey + x));
                row3 = row3.Times(DropoutFactors<TTile>(draw, token + side * 3, head, firstKey + x));
            }

            new Quads(row0, row1, row2, row3).Store(probabilities, y * Stride<TTile>() + x, Stride<TTile>() * side, side);
            Accumulate<TTile>(
                probabilities, false, qkv, keysAt + arguments.Width, rowStride, keys, headSize, right, output, correction);
        }

        sums = RowSums<TTile>(sums, left);
        var inverse = new Quad(1f / sums.X, 1f / sums.Y, 1f / sums.Z, 1f / sums.W);
        Write<TTile>(
            output, inverse, context, (first + firstQuery) * arguments.Width + head * headSize, arguments.Width, queries, headSize);
        var logarithms = new Quad(
            max.X + DeviceMath.Log(sums.X), max.Y + DeviceMath.Log(sums.Y), max.Z + DeviceMath.Log(sums.Z), max.W + DeviceMath.Log(sums.W));
        StoreRows<TTile>(logarithms, logSumExp, head * arguments.Tokens + first + firstQuery, queries);
    }
}
