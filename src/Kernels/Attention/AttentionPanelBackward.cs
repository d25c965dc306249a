using ILGPU;
using ILGPU.Util;
using static Engine.Kernels.AttentionPanels;

namespace Engine.Kernels;

/// <summary>
/// CPU-shaped attention, backward. A group takes a whole sequence and one head, so that scores and probabilities are recomputed once for all three
/// gradients: for a tile of keys and a block of queries it makes dropped probabilities P and score gradients dS (lanes are keys), then adds P^T dO to
/// the values' gradient, dS^T Q to the keys', and dS K to the queries' (lanes are columns). No other group touches these rows.
/// </summary>
internal static class AttentionPanelBackward
{
    /// <summary>Shared memory of a group in floats.</summary>
    internal const int SharedFloats =
        (2 * Attention.MaxHeadSize * Stride) + (3 * KeyTile * Stride) + (5 * QueryBlock * Stride) + (QueryBlock * MaxLanes);

    private const int QueryBlock = 64;

    /// <summary>The backward pass of one sequence and head.</summary>
    [Kernel(typeof(AttentionPanel16))]
    [Kernel(typeof(AttentionPanel8))]
    [Kernel(typeof(AttentionPanel4))]
    internal static void Backward<TTile>(
        ArrayView<int> tiles,
        ArrayView<float> qkv,
        ArrayView<float> context,
        ArrayView<float> contextGradient,
        ArrayView<float> logSumExp,
        ArrayView<float> qkvGradient,
        AttentionArguments arguments,
        DropoutDraw draw)
        where TTile : struct, IAttentionPanel
    {
        var keyColumns = SharedMemory.Allocate<float>(Attention.MaxHeadSize * Stride); // [column, key]
        var valueColumns = SharedMemory.Allocate<float>(Attention.MaxHeadSize * Stride); // [column, key]
        var keys = SharedMemory.Allocate<float>(KeyTile * Stride); // [key, column]
        var keyGradient = SharedMemory.Allocate<float>(KeyTile * Stride); // [key, column]
        var valueGradient = SharedMemory.Allocate<float>(KeyTile * Stride); // [key, column]
        var queries = SharedMemory.Allocate<float>(QueryBlock * Stride); // [query, column]
        var queryGradient = SharedMemory.Allocate<float>(QueryBlock * Stride); // [query, column]
        var outputGradient = SharedMemory.Allocate<float>(QueryBlock * Stride); // [query, column]
        var probabilities = SharedMemory.Allocate<float>(QueryBlock * Stride); // [query, key]
        var scoreGradient = SharedMemory.Allocate<float>(QueryBlock * Stride); // [query, key]
        var deltas = SharedMemory.Allocate<float>(QueryBlock * MaxLanes); // [query, lane]

        int rows = default(TTile).Rows;
        int panel = default(TTile).Lanes * 2;
        int first = tiles[Grid.IdxX * AttentionTileList.Fields];
        int length = tiles[Grid.IdxX * AttentionTileList.Fields + 1];
        int head = Grid.IdxY;
        int headSize = arguments.HeadSize;
        int paddedSize = RoundUp(headSize, panel);
        int rowStride = arguments.Width * 3;
        int headAt = first * rowStride + head * headSize;

        for (int firstKey = 0; firstKey < length; firstKey += KeyTile)
        {
            int keyCount = IntrinsicMath.Min(KeyTile, length - firstKey);
            int keysAt = headAt + firstKey * rowStride + arguments.Width;
            int valuesAt = keysAt + arguments.Width;
            Group.Barrier();
            PackTransposed<TTile>(qkv, keysAt, rowStride, keyCount, headSize, keyColumns);
            PackTransposed<TTile>(qkv, valuesAt, rowStride, keyCount, headSize, valueColumns);
            Pack<TTile>(qkv, keysAt, rowStride, keyCount, keyCount, headSize, 1f, keys);
            for (int firstQuery = 0; firstQuery < length; firstQuery += QueryBlock)
            {
                int queryCount = IntrinsicMath.Min(QueryBlock, length - firstQuery);
                int paddedCount = RoundUp(queryCount, rows);
                int queriesAt = headAt + firstQuery * rowStride;
                int outputAt = (first + firstQuery) * arguments.Width + head * headSize;
                Group.Barrier();
                Pack<TTile>(qkv, queriesAt, rowStride, queryCount, paddedCount, headSize, arguments.Scale, queries);
                Pack<TTile>(contextGradient, outputAt, arguments.Width, queryCount, paddedCount, headSize, 1f, outputGradient);
                Delta<TTile>(context, outputAt, arguments.Width, queryCount, paddedCount, headSize, outputGradient, deltas);
                Group.Barrier();

                for (int query = 0; query < queryCount; query += rows)
                {
                    int at = query * Stride;
                    for (int key = 0; key < keyCount; key += panel)
                    {
                        Multiply<TTile>(queries, at, Stride, 1, keyColumns, key, headSize, probabilities, at + key, false);
                        Multiply<TTile>(outputGradient, at, Stride, 1, valueColumns, key, headSize, scoreGradient, at + key, false);
                    }

                    for (int row = query; row < query + rows; row++)
                    {
                        float rowLogSumExp = 0f;
                        if (row < queryCount)
                            rowLogSumExp = logSumExp[head * arguments.Tokens + first + firstQuery + row];
                        Differentiate<TTile>(
                            probabilities, scoreGradient, row, firstKey, keyCount, rowLogSumExp,
                            deltas[row * default(TTile).Lanes + Group.IdxX],
                            arguments.TokenBase + first + firstQuery + row, head, draw);
                    }
                }

                Group.Barrier();
                for (int column = 0; column < paddedSize; column += panel)
                {
                    for (int key = 0; key < keyCount; key += rows)
                    {
                        int at = key * Stride + column;
                        Multiply<TTile>(probabilities, key, 1, Stride, outputGradient, column, queryCount, valueGradient, at, firstQuery > 0);
                        Multiply<TTile>(scoreGradient, key, 1, Stride, queries, column, queryCount, keyGradient, at, firstQuery > 0);
                    }

                    for (int query = 0; query < queryCount; query += rows)
                    {
                        int at = query * Stride;
                        Multiply<TTile>(scoreGradient, at, Stride, 1, keys, column, keyCount, queryGradient, at + column, false);
                    }
                }

                Unpack<TTile>(queryGradient, queryCount, headSize, arguments.Scale, qkvGradient, queriesAt, rowStride, firstKey > 0);
            }

            // The queries in shared memory are scaled already: so is the keys' gradient.
            Unpack<TTile>(keyGradient, keyCount, headSize, 1f, qkvGradient, keysAt, rowStride, false);
            Unpack<TTile>(valueGradient, keyCount, headSize, 1f, qkvGradient, valuesAt, rowStride, false);
        }
    }

    /// <summary>The products of the rows of output and gradient, each once for every lane.</summary>
    private static void Delta<TTile>(
        ArrayView<float> context,
        int first,
        int rowStride,
        int rows,
        int paddedRows,
        int columns,
        ArrayView<float> outputGradient,
        ArrayView<float> deltas)
        where TTile : struct, IAttentionPanel
    {
        int lanes = default(TTile).Lanes;
        int lane = Group.IdxX;
        int whole = columns & ~(lanes - 1);
        for (int row = 0; row < rows; row++)
        {
            float sum = 0f;
            int from = first + row * rowStride + lane;
            for (int column = 0; column < whole; column += lanes)
                sum += context[from + column] * outputGradient[row * Stride + column + lane];
            if (whole + lane < columns)
                sum += context[from + whole] * outputGradient[row * Stride + whole + lane];
            deltas[row * lanes + lane] = LaneSum<TTile>(sum);
        }

        for (int row = rows; row < paddedRows; row++)
            deltas[row * lanes + lane] = 0f;
    }

    /// <summary>Turns a row's scores into dropped probabilities, and its probabilities' gradient into that of the scores.</summary>
    private static void Differentiate<TTile>(
        ArrayView<float> probabilities,
        ArrayView<float> scoreGradient,
        int row,
        int firstKey,
        int keyCount,
        float rowLogSumExp,
        float delta,
        int token,
        int head,
        DropoutDraw draw)
        where TTile : struct, IAttentionPanel
    {
        int lanes = default(TTile).Lanes;
        int lane = Group.IdxX;
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
                    int at = row * Stride + key + lane;
                    Differentiate(probabilities, scoreGradient, at, key < keyCount - lane, rowLogSumExp, delta, words.Word0, draw);
                    if (key + 16 < keyCount)
                        Differentiate(probabilities, scoreGradient, at + 16, key + 16 < keyCount - lane, rowLogSumExp, delta, words.Word1, draw);
                    if (key + 32 < keyCount)
                        Differentiate(probabilities, scoreGradient, at + 32, key + 32 < keyCount - lane, rowLogSumExp, delta, words.Word2, draw);
                    if (key + 48 < keyCount)
                        Differentiate(probabilities, scoreGradient, at + 48, key + 48 < keyCount - lane, rowLogSumExp, delta, words.Word3, draw);
                }
            }
        }
    }

    private static void Differentiate(
        ArrayView<float> probabilities,
        ArrayView<float> scoreGradient,
        int at,
        bool valid,
        float rowLogSumExp,
        float delta,
        uint word,
        DropoutDraw draw)
    {
        float probability = DeviceMath.ExpNonPositive(probabilities[at] - rowLogSumExp);
        probability = Utilities.Select(valid, probability, 0f);
        float factor = Utilities.Select(draw.Keeps(word), draw.Scale, 0f);
        probabilities[at] = probability * factor;
        scoreGradient[at] = probability * (scoreGradient[at] * factor - delta);
    }

    /// <summary>Writes rows from shared memory to a matrix, times a factor.</summary>
    private static void Unpack<TTile>(
        ArrayView<float> source, int rows, int columns, float factor, ArrayView<float> target, int first, int rowStride, bool accumulate)
        where TTile : struct, IAttentionPanel
    {
        int lanes = default(TTile).Lanes;
        int lane = Group.IdxX;
        for (int row = 0; row < rows; row++)
        {
            int from = row * Stride + lane;
            int to = first + row * rowStride + lane;
            for (int column = 0; column < columns; column += lanes)
            {
                if (column + lane < columns)
                {
                    float value = source[from + column] * factor;
                    if (accumulate)
                        value += target[to + column];
                    target[to + column] = value;
                }
            }
        }
    }
}
