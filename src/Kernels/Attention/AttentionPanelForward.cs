using ILGPU;
using ILGPU.Util;
using static Engine.Kernels.AttentionPanels;

namespace Engine.Kernels;

/// <summary>
/// CPU-shaped attention, forward. A group takes up to <see cref="QueryBlock"/> queries of one sequence and head. It goes through the keys a tile at a
/// time: packs the tile's keys as columns and its values as rows, then takes a few queries after another through scores (lanes are keys), the
/// running softmax and the product with the values (lanes are columns).
/// </summary>
internal static class AttentionPanelForward
{
    /// <summary>Queries of a group.</summary>
    internal const int QueryBlock = 128;

    // Whole register tiles: the last one of a block may reach past its queries.
    private const int OutputRows = QueryBlock + MaxRows;
    private const int MaxRows = 16;

    /// <summary>The forward pass of one tile and head.</summary>
    [Kernel(typeof(AttentionPanel16))]
    [Kernel(typeof(AttentionPanel8))]
    [Kernel(typeof(AttentionPanel4))]
    internal static void Forward<TTile>(
        ArrayView<int> tiles,
        ArrayView<float> qkv,
        ArrayView<float> context,
        ArrayView<float> logSumExp,
        AttentionArguments arguments,
        DropoutDraw draw)
        where TTile : struct, IAttentionPanel
    {
        var keys = SharedMemory.Allocate<float>(Attention.MaxHeadSize * Stride); // [column, key]
        var values = SharedMemory.Allocate<float>(KeyTile * Stride); // [key, column]
        var queries = SharedMemory.Allocate<float>(MaxRows * Stride); // [query, column]
        var scores = SharedMemory.Allocate<float>(MaxRows * Stride); // [query, key]
        var output = SharedMemory.Allocate<float>(OutputRows * Stride); // [query, column]
        var maxima = SharedMemory.Allocate<float>(OutputRows * MaxLanes); // [query], once for every lane
        var sums = SharedMemory.Allocate<float>(OutputRows * MaxLanes); // [query, lane]

        int lanes = default(TTile).Lanes;
        int rows = default(TTile).Rows;
        int panel = lanes * 2;
        int tile = Grid.IdxX / arguments.Heads;
        int head = Grid.IdxX - tile * arguments.Heads;
        int first = tiles[tile * AttentionTileList.Fields];
        int length = tiles[tile * AttentionTileList.Fields + 1];
        int firstQuery = tiles[tile * AttentionTileList.Fields + 2];
        int headSize = arguments.HeadSize;
        int paddedSize = RoundUp(headSize, panel);
        int rowStride = arguments.Width * 3;
        int headAt = first * rowStride + head * headSize;
        int queryCount = IntrinsicMath.Min(QueryBlock, length - firstQuery);

        for (int firstKey = 0; firstKey < length; firstKey += KeyTile)
        {
            int keyCount = IntrinsicMath.Min(KeyTile, length - firstKey);
            int keysAt = headAt + firstKey * rowStride + arguments.Width;
            Group.Barrier();
            PackTransposed<TTile>(qkv, keysAt, rowStride, keyCount, headSize, keys, 0);
            Pack<TTile>(qkv, keysAt + arguments.Width, rowStride, keyCount, keyCount, headSize, 1f, values, 0);
            for (int query = 0; query < queryCount; query += rows)
            {
                int present = IntrinsicMath.Min(rows, queryCount - query);
                Pack<TTile>(
                    qkv,
                    headAt + (firstQuery + query) * rowStride,
                    rowStride,
                    present,
                    rows,
                    headSize,
                    arguments.Scale,
                    queries,
                    0);
                Group.Barrier();
                for (int key = 0; key < keyCount; key += panel)
                    Multiply<TTile>(queries, 0, Stride, 1, keys, key, headSize, scores, key, false);

                for (int row = 0; row < present; row++)
                {
                    Exponentiate<TTile>(
                        scores, row, query + row, firstKey, keyCount, maxima, sums, output, paddedSize,
                        arguments.TokenBase + first + firstQuery + query + row, head, draw);
                }

                Group.Barrier();
                for (int column = 0; column < paddedSize; column += panel)
                    Multiply<TTile>(scores, 0, Stride, 1, values, column, keyCount, output, query * Stride + column, firstKey > 0);
            }
        }

        int contextAt = (first + firstQuery) * arguments.Width + head * headSize;
        int logSumExpAt = head * arguments.Tokens + first + firstQuery;
        for (int query = 0; query < queryCount; query++)
        {
            Finish<TTile>(
                output, maxima, sums, query, headSize, draw.Scale, context, contextAt + query * arguments.Width, logSumExp, logSumExpAt + query);
        }
    }

    /// <summary>
    /// Turns a row's scores into probabilities that are not yet divided by their sum, drops some of them, and brings the row's sum and output to the
    /// new maximum.
    /// </summary>
    private static void Exponentiate<TTile>(
        ArrayView<float> scores,
        int row,
        int query,
        int firstKey,
        int keyCount,
        ArrayView<float> maxima,
        ArrayView<float> sums,
        ArrayView<float> output,
        int paddedSize,
        int token,
        int head,
        DropoutDraw draw)
        where TTile : struct, IAttentionPanel
    {
        int lanes = default(TTile).Lanes;
        int lane = Group.IdxX;
        float max = float.NegativeInfinity;
        int whole = keyCount & ~(lanes - 1);
        for (int key = 0; key < whole; key += lanes)
            max = DeviceMath.Max(scores[row * Stride + key + lane], max);
        if (whole < keyCount)
            max = Utilities.Select(lane < keyCount - whole, DeviceMath.Max(scores[row * Stride + whole + lane], max), max);
        max = LaneMax<TTile>(max);
        float sum = 0f;
        if (firstKey > 0)
        {
            float previous = maxima[query * lanes + lane];
            max = DeviceMath.Max(max, previous);
            float correction = DeviceMath.ExpNonPositive(previous - max);
            sum = sums[query * lanes + lane] * correction;
            for (int column = 0; column < paddedSize; column += lanes)
                output[query * Stride + column + lane] *= correction;
        }

        for (int block = 0; block < keyCount; block += DropoutDraw.BlockColumns)
        {
            for (int call = 0; call < DropoutDraw.BlockCalls; call += lanes)
            {
                int key = block + call;
                if (key < keyCount)
                {
                    var words = default(PhiloxWords);
                    if (draw.Threshold > 0)
                        words = draw.Words(token, AttentionArguments.DropoutCall(head, firstKey + key + lane));
                    sum += Probability(scores, row, key, keyCount, max, words.Word0, draw);
                    if (key + 16 < keyCount)
                        sum += Probability(scores, row, key + 16, keyCount, max, words.Word1, draw);
                    if (key + 32 < keyCount)
                        sum += Probability(scores, row, key + 32, keyCount, max, words.Word2, draw);
                    if (key + 48 < keyCount)
                        sum += Probability(scores, row, key + 48, keyCount, max, words.Word3, draw);
                }
            }
        }

        maxima[query * lanes + lane] = max;
        sums[query * lanes + lane] = sum;
    }

    /// <summary>One vector of probabilities; gives them as they are before dropout.</summary>
    private static float Probability(ArrayView<float> scores, int row, int key, int keyCount, float max, uint word, DropoutDraw draw)
    {
        int at = row * Stride + key + Group.IdxX;
        float probability = DeviceMath.ExpNonPositive(scores[at] - max);
        probability = Utilities.Select(key + Group.IdxX < keyCount, probability, 0f);
        scores[at] = Utilities.Select(draw.Keeps(word), probability, 0f);
        return probability;
    }

    /// <summary>Divides a row by its sum and writes it and its log-sum-exp.</summary>
    private static void Finish<TTile>(
        ArrayView<float> output,
        ArrayView<float> maxima,
        ArrayView<float> sums,
        int query,
        int headSize,
        float factor,
        ArrayView<float> context,
        int contextAt,
        ArrayView<float> logSumExp,
        int logSumExpAt)
        where TTile : struct, IAttentionPanel
    {
        int lanes = default(TTile).Lanes;
        int lane = Group.IdxX;
        int whole = headSize & ~(lanes - 1);
        float sum = LaneSum<TTile>(sums[query * lanes + lane]);
        float inverse = factor / sum;
        for (int column = 0; column < whole; column += lanes)
            context[contextAt + column + lane] = output[query * Stride + column + lane] * inverse;
        if (whole + lane < headSize)
            context[contextAt + whole + lane] = output[query * Stride + whole + lane] * inverse;
        if (lane == 0)
            logSumExp[logSumExpAt] = maxima[query * lanes + lane] + DeviceMath.Log(sum);
    }
}
