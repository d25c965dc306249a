using Engine.Kernels;
using ILGPU;
using ILGPU.Util;
using static Engine.Benchmarks.Variants.ReorderedAttentionTiles;

namespace Engine.Benchmarks.Variants;

/// <summary>The CPU-shaped attention's backward pass once more: see <see cref="ReorderedProduct"/>. Its epilogue scales the result.</summary>
internal static class ReorderedAttentionBackward
{
    private const int Queries = 66;
    private const int QueryRows = Queries + MostRows;
    private const int KeyRows = Keys + MostRows;
    private const int HeadColumns = Attention.MaxHeadSize + MostLanes;

    /// <summary>The backward pass of one sequence and head; qkvGradient = gain x gradient.</summary>
    internal static void Run<TShape>(
        ArrayView<float> qkv,
        ArrayView<int> tiles,
        ArrayView<float> contextGradient,
        ArrayView<float> context,
        ArrayView<float> qkvGradient,
        ArrayView<float> logSumExp,
        AttentionArguments sizes,
        DropoutDraw draw,
        float gain)
        where TShape : struct, IAttentionPanel
    {
        var slopes = SharedMemory.Allocate<float>(QueryRows * Pitch);
        var weights = SharedMemory.Allocate<float>(QueryRows * Pitch);
        var contextSlopes = SharedMemory.Allocate<float>(QueryRows * Pitch);
        var querySlopes = SharedMemory.Allocate<float>(QueryRows * Pitch);
        var rowsOfQueries = SharedMemory.Allocate<float>(QueryRows * Pitch);
        var valueSlopes = SharedMemory.Allocate<float>(KeyRows * Pitch);
        var keySlopes = SharedMemory.Allocate<float>(KeyRows * Pitch);
        var rowsOfKeys = SharedMemory.Allocate<float>(KeyRows * Pitch);
        var columnsOfValues = SharedMemory.Allocate<float>(HeadColumns * Pitch);
        var columnsOfKeys = SharedMemory.Allocate<float>(HeadColumns * Pitch);
        var dots = SharedMemory.Allocate<float>(QueryRows * MostLanes);

        int panel = 2 * default(TShape).Lanes;
        int height = default(TShape).Rows;
        int head = Grid.IdxY;
        int length = tiles[AttentionTileList.Fields * Grid.IdxX + 1];
        int token = tiles[AttentionTileList.Fields * Grid.IdxX];
        int pitch = 3 * sizes.Width;
        int size = sizes.HeadSize;
        int columns = Whole(size + panel - 1, panel);
        int origin = head * size + token * pitch;

        for (int firstKey = 0; firstKey < length; firstKey += Keys)
        {
            int keys = IntrinsicMath.Min(length - firstKey, Keys);
            int valuesAt = origin + 2 * sizes.Width + firstKey * pitch;
            int keysAt = valuesAt - sizes.Width;
            Group.Barrier();
            Gather<TShape>(rowsOfKeys, qkv, keysAt, pitch, keys, keys, size, 1f);
            GatherTurned<TShape>(columnsOfValues, qkv, valuesAt, pitch, keys, size);
            GatherTurned<TShape>(columnsOfKeys, qkv, keysAt, pitch, keys, size);
            for (int position = 0; position < length; position += Queries)
            {
                int count = IntrinsicMath.Min(length - position, Queries);
                int padded = UpTo(count, height);
                int contextAt = head * size + (position + token) * sizes.Width;
                int queriesAt = position * pitch + origin;
                Group.Barrier();
                Gather<TShape>(contextSlopes, contextGradient, contextAt, sizes.Width, count, padded, size, 1f);
                Gather<TShape>(rowsOfQueries, qkv, queriesAt, pitch, count, padded, size, sizes.Scale);
                Dots<TShape>(dots, contextSlopes, context, contextAt, sizes.Width, count, padded, size);
                Group.Barrier();
                for (int query = 0; query < count; query += height)
                {
                    for (int key = 0; key < keys; key += panel)
                    {
                        Product<TShape>(slopes, key + query * Pitch, contextSlopes, query * Pitch, Pitch, 1, columnsOfValues, key, size, false);
                        Product<TShape>(weights, key + query * Pitch, rowsOfQueries, query * Pitch, Pitch, 1, columnsOfKeys, key, size, false);
                    }

                    for (int i = 0; i < height; i++)
                    {
                        int row = query + i;
                        float logarithm = 0f;
                        if (row < count)
                            logarithm = logSumExp[token + position + row + head * sizes.Tokens];
                        Slope<TShape>(
                            slopes, weights, row, keys, firstKey, dots[Group.IdxX + row * default(TShape).Lanes], logarithm,
                            sizes.TokenBase + token + position + row, head, draw);
                    }
                }

                Group.Barrier();
                for (int column = 0; column < columns; column += panel)
                {
                    for (int query = 0; query < count; query += height)
                        Product<TShape>(querySlopes, column + query * Pitch, slopes, query * Pitch, Pitch, 1, rowsOfKeys, column, keys, false);
                    for (int key = 0; key < keys; key += height)
                    {
                        Product<TShape>(keySlopes, column + key * Pitch, slopes, key, 1, Pitch, rowsOfQueries, column, count, position > 0);
                        Product<TShape>(valueSlopes, column + key * Pitch, weights, key, 1, Pitch, contextSlopes, column, count, position > 0);
                    }
                }

                Scatter<TShape>(qkvGradient, queriesAt, pitch, querySlopes, count, size, sizes.Scale * gain, firstKey > 0);
            }

            Scatter<TShape>(qkvGradient, valuesAt, pitch, valueSlopes, keys, size, gain, false);
            Scatter<TShape>(qkvGradient, keysAt, pitch, keySlopes, keys, size, gain, false);
        }
    }

    private static void Dots<TShape>(
        ArrayView<float> dots, ArrayView<float> contextSlopes, ArrayView<float> context, int at, int pitch, int count, int padded, int columns)
        where TShape : struct, IAttentionPanel
    {
        int lane = Group.IdxX;
        int lanes = default(TShape).Lanes;
        int full = Whole(columns, lanes);
        for (int row = count; row < padded; row++)
            dots[lane + row * lanes] = 0f;
        for (int row = 0; row < count; row++)
        {
            int from = at + lane + row * pitch;
            float dot = 0f;
            if (lane + full < columns)
                dot = contextSlopes[lane + full + row * Pitch] * context[full + from];
            for (int column = 0; column < full; column += lanes)
                dot += contextSlopes[lane + column + row * Pitch] * context[column + from];
            dots[lane + row * lanes] = Total<TShape>(dot);
        }
    }

    private static void Slope<TShape>(
        ArrayView<float> slopes,
        ArrayView<float> weights,
        int row,
        int keys,
        int firstKey,
        float dot,
        float logarithm,
        int token,
        int head,
        DropoutDraw draw)
        where TShape : struct, IAttentionPanel
    {
        int lane = Group.IdxX;
        int lanes = default(TShape).Lanes;
        for (int block = 0; block < keys; block += DropoutDraw.BlockColumns)
        {
            for (int call = 0; call < DropoutDraw.BlockCalls; call += lanes)
            {
                int key = call + block;
                if (key < keys)
                {
                    var words = default(PhiloxWords);
                    if (draw.Threshold > 0)
                        words = draw.Words(token, AttentionArguments.DropoutCall(head, lane + key + firstKey));
                    int at = lane + key + row * Pitch;
                    if (key + 48 < keys)
                        Slope(slopes, weights, 48 + at, lane < keys - key - 48, dot, logarithm, words.Word3, draw);
                    if (key + 32 < keys)
                        Slope(slopes, weights, 32 + at, lane < keys - key - 32, dot, logarithm, words.Word2, draw);
                    if (key + 16 < keys)
                        Slope(slopes, weights, 16 + at, lane < keys - key - 16, dot, logarithm, words.Word1, draw);
                    Slope(slopes, weights, at, lane < keys - key, dot, logarithm, words.Word0, draw);
                }
            }
        }
    }

    private static void Slope(
        ArrayView<float> slopes, ArrayView<float> weights, int at, bool present, float dot, float logarithm, uint word, DropoutDraw draw)
    {
        float factor = Utilities.Select(draw.Keeps(word), draw.Scale, 0f);
        float weight = Utilities.Select(present, DeviceMath.ExpNonPositive(weights[at] - logarithm), 0f);
        slopes[at] = (factor * slopes[at] - dot) * weight;
        weights[at] = factor * weight;
    }

    private static void Scatter<TShape>(
        ArrayView<float> target, int at, int pitch, ArrayView<float> source, int count, int columns, float factor, bool adds)
        where TShape : struct, IAttentionPanel
    {
        int lane = Group.IdxX;
        int lanes = default(TShape).Lanes;
        for (int column = 0; column < columns; column += lanes)
        {
            if (lane < columns - column)
            {
                for (int row = 0; row < count; row++)
                {
                    float before = 0f;
                    int to = lane + at + column + row * pitch;
                    if (adds)
                        before = target[to];
                    target[to] = factor * source[lane + column + row * Pitch] + before;
                }
            }
        }
    }
}
