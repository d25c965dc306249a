using Engine.Kernels;
using ILGPU;
using ILGPU.Util;
using static Engine.Benchmarks.Variants.ReorderedAttentionTiles;

namespace Engine.Benchmarks.Variants;

/// <summary>The CPU-shaped attention's forward pass once more: see <see cref="ReorderedProduct"/>. Its epilogue scales and shifts the result.</summary>
internal static class ReorderedAttentionForward
{
    /// <summary>Queries of a group.</summary>
    internal const int Queries = 132;

    private const int StateRows = Queries + MostRows;

    /// <summary>The forward pass of one tile and head; context = gain x attention + shift.</summary>
    internal static void Run<TShape>(
        ArrayView<float> qkv,
        ArrayView<int> tiles,
        ArrayView<float> logSumExp,
        ArrayView<float> context,
        AttentionArguments sizes,
        DropoutDraw draw,
        float gain,
        float shift)
        where TShape : struct, IAttentionPanel
    {
        var state = SharedMemory.Allocate<float>(StateRows * Pitch);
        var weights = SharedMemory.Allocate<float>(MostRows * Pitch);
        var rowsOfQueries = SharedMemory.Allocate<float>(MostRows * Pitch);
        var rowsOfValues = SharedMemory.Allocate<float>((Keys + MostRows) * Pitch);
        var columnsOfKeys = SharedMemory.Allocate<float>((Attention.MaxHeadSize + MostLanes) * Pitch);
        var totals = SharedMemory.Allocate<float>(StateRows * MostLanes);
        var peaks = SharedMemory.Allocate<float>(StateRows * MostLanes);

        int height = default(TShape).Rows;
        int panel = 2 * default(TShape).Lanes;
        int head = Grid.IdxY;
        int position = tiles[AttentionTileList.Fields * Grid.IdxX + 2];
        int length = tiles[AttentionTileList.Fields * Grid.IdxX + 1];
        int token = tiles[AttentionTileList.Fields * Grid.IdxX];
        int pitch = 3 * sizes.Width;
        int size = sizes.HeadSize;
        int columns = Whole(size + panel - 1, panel);
        int origin = head * size + token * pitch;
        int count = IntrinsicMath.Min(length - position, Queries);

        int firstKey = 0;
        while (firstKey < length)
        {
            int keys = IntrinsicMath.Min(length - firstKey, Keys);
            int valuesAt = origin + 2 * sizes.Width + firstKey * pitch;
            Group.Barrier();
            Gather<TShape>(rowsOfValues, qkv, valuesAt, pitch, keys, keys, size, 1f);
            GatherTurned<TShape>(columnsOfKeys, qkv, valuesAt - sizes.Width, pitch, keys, size);
            int query = 0;
            while (query < count)
            {
                int present = IntrinsicMath.Min(count - query, height);
                Gather<TShape>(rowsOfQueries, qkv, origin + (query + position) * pitch, pitch, present, height, size, sizes.Scale);
                Group.Barrier();
                for (int key = 0; key < keys; key += panel)
                    Product<TShape>(weights, key, rowsOfQueries, 0, Pitch, 1, columnsOfKeys, key, size, false);
                for (int i = 0; i < height; i++)
                {
                    Weigh<TShape>(
                        weights, state, peaks, totals, i, query + i, keys, firstKey, columns, sizes.TokenBase + token + position + query + i, head, draw);
                }

                Group.Barrier();
                for (int column = 0; column < columns; column += panel)
                    Product<TShape>(state, column + query * Pitch, weights, 0, Pitch, 1, rowsOfValues, column, keys, firstKey > 0);
                query += height;
            }

            firstKey += Keys;
        }

        int to = head * size + (position + token) * sizes.Width;
        for (int i = 0; i < count; i++)
            Finish<TShape>(context, logSumExp, state, peaks, totals, i, size, to + i * sizes.Width, token + position + i + head * sizes.Tokens, draw.Scale * gain, shift);
    }

    private static void Weigh<TShape>(
        ArrayView<float> weights,
        ArrayView<float> state,
        ArrayView<float> peaks,
        ArrayView<float> totals,
        int row,
        int query,
        int keys,
        int firstKey,
        int columns,
        int token,
        int head,
        DropoutDraw draw)
        where TShape : struct, IAttentionPanel
    {
        int lane = Group.IdxX;
        int lanes = default(TShape).Lanes;
        int full = Whole(keys, lanes);
        float peak = float.NegativeInfinity;
        if (full < keys)
            peak = Utilities.Select(full + lane < keys, weights[lane + full + row * Pitch], peak);
        for (int key = 0; key < full; key += lanes)
            peak = DeviceMath.Max(peak, weights[lane + key + row * Pitch]);
        peak = Largest<TShape>(peak);
        float total = 0f;
        if (firstKey > 0)
        {
            float before = peaks[lane + query * lanes];
            peak = DeviceMath.Max(before, peak);
            float shrink = DeviceMath.ExpNonPositive(before - peak);
            for (int column = 0; column < columns; column += lanes)
                state[lane + column + query * Pitch] *= shrink;
            total = shrink * totals[lane + query * lanes];
        }

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
                    if (key + 48 < keys)
                        total += Weight(weights, row, key + 48, keys, peak, words.Word3, draw);
                    if (key + 32 < keys)
                        total += Weight(weights, row, key + 32, keys, peak, words.Word2, draw);
                    if (key + 16 < keys)
                        total += Weight(weights, row, key + 16, keys, peak, words.Word1, draw);
                    total += Weight(weights, row, key, keys, peak, words.Word0, draw);
                }
            }
        }

        totals[lane + query * lanes] = total;
        peaks[lane + query * lanes] = peak;
    }

    private static float Weight(ArrayView<float> weights, int row, int key, int keys, float peak, uint word, DropoutDraw draw)
    {
        int at = Group.IdxX + key + row * Pitch;
        float weight = Utilities.Select(Group.IdxX < keys - key, DeviceMath.ExpNonPositive(weights[at] - peak), 0f);
        weights[at] = Utilities.Select(draw.Keeps(word), weight, 0f);
        return weight;
    }

    private static void Finish<TShape>(
        ArrayView<float> context,
        ArrayView<float> logSumExp,
        ArrayView<float> state,
        ArrayView<float> peaks,
        ArrayView<float> totals,
        int query,
        int size,
        int to,
        int logSumExpAt,
        float factor,
        float shift)
        where TShape : struct, IAttentionPanel
    {
        int lane = Group.IdxX;
        int lanes = default(TShape).Lanes;
        float total = Total<TShape>(totals[lane + query * lanes]);
        if (lane == 0)
            logSumExp[logSumExpAt] = DeviceMath.Log(total) + peaks[lane + query * lanes];
        int full = Whole(size, lanes);
        float scale = factor / total;
        if (lane < size - full)
            context[lane + full + to] = scale * state[lane + full + query * Pitch] + shift;
        for (int column = 0; column < full; column += lanes)
            context[lane + column + to] = scale * state[lane + column + query * Pitch] + shift;
    }
}
