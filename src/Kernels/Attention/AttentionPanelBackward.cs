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
    internal const int SharedFloats = DeltaAt + (QueryBlock * MaxLanes);

    private const int QueryBlock = 64;
    private const int KeySize = KeyTile * Stride;
    private const int QuerySize = QueryBlock * Stride;

    // What lies where in shared memory. What goes through the same steps lies side by side and goes through one loop over both, which
    // halves the code.
    private const int KeyColumnsAt = 0; // [column, key]
    private const int ValueColumnsAt = KeyColumnsAt + KeySize; // [column, key]
    private const int ValueGradientAt = ValueColumnsAt + KeySize; // [key, column]
    private const int KeyGradientAt = ValueGradientAt + KeySize; // [key, column]
    private const int KeysAt = KeyGradientAt + KeySize; // [key, column]
    private const int QueriesAt = KeysAt + KeySize; // [query, column]
    private const int OutputGradientAt = QueriesAt + QuerySize; // [query, column]
    private const int QueryGradientAt = OutputGradientAt + QuerySize; // [query, column]
    private const int ProbabilitiesAt = QueryGradientAt + QuerySize; // [query, key]
    private const int ScoreGradientAt = ProbabilitiesAt + QuerySize; // [query, key]
    private const int DeltaAt = ScoreGradientAt + QuerySize; // [query], once for every lane

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
        var shared = SharedMemory.Allocate<float>(SharedFloats);
        int rows = default(TTile).Rows;
        int panel = default(TTile).Lanes * 2;
        int tile = Grid.IdxX / arguments.Heads;
        int head = Grid.IdxX - tile * arguments.Heads;
        int first = tiles[tile * AttentionTileList.Fields];
        int length = tiles[tile * AttentionTileList.Fields + 1];
        int headSize = arguments.HeadSize;
        int paddedSize = RoundUp(headSize, panel);
        int rowStride = arguments.Width * 3;
        int headAt = first * rowStride + head * headSize;

        for (int firstKey = 0; firstKey < length; firstKey += KeyTile)
        {
            int keyCount = IntrinsicMath.Min(KeyTile, length - firstKey);
            int keysAt = headAt + firstKey * rowStride + arguments.Width;
            Group.Barrier();
            for (int i = 0; i < 2; i++)
                PackTransposed<TTile>(qkv, keysAt + i * arguments.Width, rowStride, keyCount, headSize, shared, KeyColumnsAt + i * KeySize);
            Pack<TTile>(qkv, keysAt, rowStride, keyCount, keyCount, headSize, 1f, shared, KeysAt);
            for (int firstQuery = 0; firstQuery < length; firstQuery += QueryBlock)
            {
                int queryCount = IntrinsicMath.Min(QueryBlock, length - firstQuery);
                int paddedCount = RoundUp(queryCount, rows);
                int queriesAt = headAt + firstQuery * rowStride;
                int outputAt = (first + firstQuery) * arguments.Width + head * headSize;
                Group.Barrier();
                Pack<TTile>(qkv, queriesAt, rowStride, queryCount, paddedCount, headSize, arguments.Scale, shared, QueriesAt);
                Pack<TTile>(contextGradient, outputAt, arguments.Width, queryCount, paddedCount, headSize, 1f, shared, OutputGradientAt);
                Delta<TTile>(context, outputAt, arguments.Width, queryCount, headSize, shared);
                Group.Barrier();

                for (int query = 0; query < queryCount; query += rows)
                {
                    // Scores from queries and keys, the probabilities' gradient from that of the output and values.
                    for (int i = 0; i < 2; i++)
                    {
                        int left = QueriesAt + i * QuerySize + query * Stride;
                        int result = ProbabilitiesAt + i * QuerySize + query * Stride;
                        for (int key = 0; key < keyCount; key += panel)
                            Multiply<TTile>(shared, left, Stride, 1, shared, KeyColumnsAt + i * KeySize + key, headSize, shared, result + key, false);
                    }

                    int endRow = IntrinsicMath.Min(query + rows, queryCount);
                    for (int row = query; row < endRow; row++)
                    {
                        Differentiate<TTile>(
                            shared,
                            row,
                            firstKey,
                            keyCount,
                            logSumExp[head * arguments.Tokens + first + firstQuery + row],
                            arguments.TokenBase + first + firstQuery + row,
                            head,
                            draw);
                    }
                }

                Group.Barrier();
                for (int column = 0; column < paddedSize; column += panel)
                {
                    // The values' gradient from probabilities and the output's, the keys' from the scores' and queries.
                    for (int i = 0; i < 2; i++)
                    {
                        int left = ProbabilitiesAt + i * QuerySize;
                        int right = OutputGradientAt - i * QuerySize + column;
                        int result = ValueGradientAt + i * KeySize + column;
                        for (int key = 0; key < keyCount; key += rows)
                            Multiply<TTile>(shared, left + key, 1, Stride, shared, right, queryCount, shared, result + key * Stride, firstQuery > 0);
                    }

                    for (int query = 0; query < queryCount; query += rows)
                    {
                        int at = query * Stride;
                        Multiply<TTile>(
                            shared, ScoreGradientAt + at, Stride, 1, shared, KeysAt + column, keyCount, shared, QueryGradientAt + at + column, false);
                    }
                }

                Unpack<TTile>(shared, QueryGradientAt, queryCount, headSize, arguments.Scale, qkvGradient, queriesAt, rowStride, firstKey > 0);
            }

            // The queries in shared memory are scaled already: so is the keys' gradient.
            for (int i = 0; i < 2; i++)
            {
                Unpack<TTile>(
                    shared, ValueGradientAt + i * KeySize, keyCount, headSize, 1f, qkvGradient, keysAt + (1 - i) * arguments.Width, rowStride, false);
            }
        }
    }

    /// <summary>The products of the rows of output and gradient, each once for every lane.</summary>
    private static void Delta<TTile>(
        ArrayView<float> context,
        int first,
        int rowStride,
        int rows,
        int columns,
        ArrayView<float> shared)
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
                sum += context[from + column] * shared[OutputGradientAt + row * Stride + column + lane];
            if (whole + lane < columns)
                sum += context[from + whole] * shared[OutputGradientAt + row * Stride + whole + lane];
            shared[DeltaAt + row * lanes + lane] = LaneSum<TTile>(sum);
        }
    }

    /// <summary>Turns a row's scores into dropped probabilities, and its probabilities' gradient into that of the scores.</summary>
    private static void Differentiate<TTile>(
        ArrayView<float> shared, int row, int firstKey, int keyCount, float rowLogSumExp, int token, int head, DropoutDraw draw)
        where TTile : struct, IAttentionPanel
    {
        int lanes = default(TTile).Lanes;
        int lane = Group.IdxX;
        float delta = shared[DeltaAt + row * lanes + lane];
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
                    int left = keyCount - key;
                    Differentiate(shared, at, left, rowLogSumExp, delta, words.Word0, draw);
                    if (left > 16)
                        Differentiate(shared, at + 16, left - 16, rowLogSumExp, delta, words.Word1, draw);
                    if (left > 32)
                        Differentiate(shared, at + 32, left - 32, rowLogSumExp, delta, words.Word2, draw);
                    if (left > 48)
                        Differentiate(shared, at + 48, left - 48, rowLogSumExp, delta, words.Word3, draw);
                }
            }
        }
    }

    /// <summary>The same for one vector, of which <paramref name="left"/> lanes have a key.</summary>
    private static void Differentiate(ArrayView<float> shared, int at, int left, float rowLogSumExp, float delta, uint word, DropoutDraw draw)
    {
        float probability = DeviceMath.ExpNonPositive(shared[ProbabilitiesAt + at] - rowLogSumExp);
        probability = Utilities.Select(Group.IdxX < left, probability, 0f);
        float factor = Utilities.Select(draw.Keeps(word), draw.Scale, 0f);
        shared[ProbabilitiesAt + at] = probability * factor;
        shared[ScoreGradientAt + at] = probability * (shared[ScoreGradientAt + at] * factor - delta);
    }

    /// <summary>Writes rows from shared memory to a matrix, times a factor.</summary>
    private static void Unpack<TTile>(
        ArrayView<float> source, int sourceAt, int rows, int columns, float factor, ArrayView<float> target, int first, int rowStride, bool accumulate)
        where TTile : struct, IAttentionPanel
    {
        int lanes = default(TTile).Lanes;
        int lane = Group.IdxX;
        for (int row = 0; row < rows; row++)
        {
            int from = sourceAt + row * Stride + lane;
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
