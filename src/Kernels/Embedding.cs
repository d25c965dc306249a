using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>
/// BERT's input embedding: word + position + segment, and its backward pass, a scatter-add with a fixed order. Layer norm and
/// dropout follow as an operation of their own (a <c>LayerNorm</c> without residual).
/// </summary>
/// <param name="device">The device to run on.</param>
/// <param name="hiddenSize">The row length of all three tables.</param>
public sealed class Embedding(ComputeDevice device, int hiddenSize) : IDisposable
{
    // Batches accumulated between two clearings whose rows are remembered.
    private const int TouchedBatches = 8;

    private readonly ScatterPlan wordPlan = new(device);
    private readonly ScatterPlan positionPlan = new(device);
    private readonly ScatterPlan segmentPlan = new(device);
    private readonly DeviceScratch<float> partials = new(device);
    private readonly ZeroFill zeroFill = new(device);
    private readonly TouchedRows touchedWords = new(device, hiddenSize);
    private Action<KernelConfig, int, SpecializedValue<int>, ArrayView<int>, ArrayView<int>, ArrayView<int>, ArrayView<float>,
        ArrayView<float>, ArrayView<float>, ArrayView<float>>? forward;

    private Action<KernelConfig, SpecializedValue<int>, ArrayView<int>, ArrayView<int>, ArrayView<float>, ArrayView<float>,
        ArrayView<float>>? scatterPieces;

    private Action<KernelConfig, SpecializedValue<int>, ArrayView<int>, ArrayView<float>, ArrayView<float>>? combinePieces;

    /// <summary>sum[t] = words[ids[t]] + positionTable[positions[t]] + segmentTable[segments[t]].</summary>
    /// <param name="ids">[tokens], below the vocabulary's size.</param>
    /// <param name="positions">[tokens], below the position table's rows.</param>
    /// <param name="segments">[tokens], below the segment table's rows.</param>
    /// <param name="words">[vocabulary, hiddenSize].</param>
    /// <param name="positionTable">[positions, hiddenSize].</param>
    /// <param name="segmentTable">[segments, hiddenSize].</param>
    /// <param name="sum">[tokens, hiddenSize].</param>
    /// <param name="tokens">The number of tokens.</param>
    public void Forward(
        ArrayView<int> ids,
        ArrayView<int> positions,
        ArrayView<int> segments,
        ArrayView<float> words,
        ArrayView<float> positionTable,
        ArrayView<float> segmentTable,
        ArrayView<float> sum,
        int tokens)
    {
        if (tokens == 0)
            return;
        // A row of words in and a row out for every token; the other two tables are small and stay in caches.
        using var measured = device.Profile?.Begin("embedding, forward", 0, sizeof(float) * (double)tokens * ((2 * hiddenSize) + 3));
        forward ??= device.LoadOnce(ForwardKernel, KernelLoaders.LoadStreamKernel);
        forward(
            RowLaunch.Shape(device, tokens),
            tokens,
            SpecializedValue.New(hiddenSize),
            ids,
            positions,
            segments,
            words,
            positionTable,
            segmentTable,
            sum);
    }

    /// <summary>Makes room for batches of up to this many tokens now, so that no later call allocates.</summary>
    /// <param name="maxTokens">The largest number of tokens to come.</param>
    public void Reserve(int maxTokens)
    {
        wordPlan.Reserve(maxTokens);
        positionPlan.Reserve(maxTokens);
        segmentPlan.Reserve(maxTokens);
        partials.Take(Math.Max(1L, (long)ScatterPlan.MaxPartials(maxTokens) * hiddenSize));
        touchedWords.Reserve(TouchedBatches * maxTokens);
    }

    /// <summary>Sorts a batch's indices on the host and uploads the order in which <see cref="Backward"/> adds.</summary>
    /// <param name="ids">[tokens].</param>
    /// <param name="positions">[tokens].</param>
    /// <param name="segments">[tokens].</param>
    public void Prepare(ReadOnlySpan<int> ids, ReadOnlySpan<int> positions, ReadOnlySpan<int> segments)
    {
        touchedWords.Reserve(TouchedBatches * ids.Length);
        wordPlan.Upload(ids);
        positionPlan.Upload(positions);
        segmentPlan.Upload(segments);
    }

    /// <summary>
    /// Adds the gradient of every token's row to the rows of the three tables that it was made of, for the batch that
    /// <see cref="Prepare"/> was last given. The tables' gradients are added to: see <see cref="ClearGradients"/>.
    /// </summary>
    /// <param name="dsum">[tokens, hiddenSize], the gradient of <see cref="Forward"/>'s result.</param>
    /// <param name="dwords">[vocabulary, hiddenSize].</param>
    /// <param name="dpositionTable">[positions, hiddenSize].</param>
    /// <param name="dsegmentTable">[segments, hiddenSize].</param>
    public void Backward(ArrayView<float> dsum, ArrayView<float> dwords, ArrayView<float> dpositionTable, ArrayView<float> dsegmentTable)
    {
        // Every token's row is read once; of the tables those rows are read and written that tokens add to.
        int touched = wordPlan.DistinctRows.Length + positionPlan.DistinctRows.Length + segmentPlan.DistinctRows.Length;
        using var measured = device.Profile?.Begin("embedding, backward", 0, sizeof(float) * (double)hiddenSize * (wordPlan.TokenCount + (2 * touched)));
        touchedWords.Add(dwords, wordPlan.DistinctRows);
        Scatter(wordPlan, dsum, dwords);
        Scatter(positionPlan, dsum, dpositionTable);
        Scatter(segmentPlan, dsum, dsegmentTable);
    }

    /// <summary>
    /// Sets the gradients of the three tables to 0. Of the words' only those rows are written that <see cref="Backward"/> has added to since
    /// the last call with the same view; between the two, nothing else may write to it.
    /// </summary>
    /// <param name="dwords">[vocabulary, hiddenSize].</param>
    /// <param name="dpositionTable">[positions, hiddenSize].</param>
    /// <param name="dsegmentTable">[segments, hiddenSize].</param>
    public void ClearGradients(ArrayView<float> dwords, ArrayView<float> dpositionTable, ArrayView<float> dsegmentTable)
    {
        touchedWords.Clear(dwords);
        zeroFill.Run(dpositionTable);
        zeroFill.Run(dsegmentTable);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        touchedWords.Dispose();
        wordPlan.Dispose();
        positionPlan.Dispose();
        segmentPlan.Dispose();
        partials.Dispose();
    }

    private void Scatter(ScatterPlan plan, ArrayView<float> dsum, ArrayView<float> table)
    {
        if (plan.PieceCount == 0)
            return;
        var hidden = SpecializedValue.New(hiddenSize);
        int size = device.Tiles.RowGroupSize;
        var sums = partials.Take(Math.Max(1L, (long)plan.PartialCount * hiddenSize));
        scatterPieces ??= device.LoadOnce(ScatterPiecesKernel, KernelLoaders.LoadStreamKernel);
        scatterPieces(new KernelConfig(plan.PieceCount, size), hidden, plan.Pieces, plan.Order, dsum, table, sums);
        if (plan.SplitRowCount == 0)
            return;
        combinePieces ??= device.LoadOnce(CombinePiecesKernel, KernelLoaders.LoadStreamKernel);
        combinePieces(new KernelConfig(plan.SplitRowCount, size), hidden, plan.SplitRows, sums, table);
    }

    [Kernel]
    private static void ForwardKernel(
        int tokens,
        SpecializedValue<int> hidden,
        ArrayView<int> ids,
        ArrayView<int> positions,
        ArrayView<int> segments,
        ArrayView<float> words,
        ArrayView<float> positionTable,
        ArrayView<float> segmentTable,
        ArrayView<float> sum)
    {
        int lane = Group.IdxX;
        int size = Group.DimX;
        int first = Grid.IdxX * RowLaunch.RowsPerGroup;
        int end = IntrinsicMath.Min(first + RowLaunch.RowsPerGroup, tokens);
        int full = hidden & ~(size - 1);
        for (int row = first; row < end; row++)
        {
            int word = ids[row] * hidden + lane;
            int position = positions[row] * hidden + lane;
            int segment = segments[row] * hidden + lane;
            int target = row * hidden + lane;
            for (int c = 0; c < full; c += size)
                sum[target + c] = words[word + c] + segmentTable[segment + c] + positionTable[position + c];
            if (full < hidden)
            {
                if (full + lane < hidden)
                    sum[target + full] = words[word + full] + segmentTable[segment + full] + positionTable[position + full];
            }
        }
    }

    /// <summary>
    /// One group sums the rows of one piece in order. A table row with a single piece receives the sum at once; pieces of a row
    /// that has several leave theirs for <see cref="CombinePiecesKernel"/>.
    /// </summary>
    [Kernel]
    private static void ScatterPiecesKernel(
        SpecializedValue<int> hidden,
        ArrayView<int> pieces,
        ArrayView<int> order,
        ArrayView<float> dsum,
        ArrayView<float> table,
        ArrayView<float> partials)
    {
        int lane = Group.IdxX;
        int size = Group.DimX;
        int piece = Grid.IdxX * ScatterPlan.PieceFields;
        int row = pieces[piece];
        int begin = pieces[piece + 1];
        int end = pieces[piece + 2];
        int partial = pieces[piece + 3];
        for (int c = 0; c < hidden; c += size)
        {
            if (c + lane < hidden)
            {
                float total = 0f;
                for (int i = begin; i < end; i++)
                    total += dsum[order[i] * hidden + c + lane];
                if (partial < 0)
                    table[row * hidden + c + lane] += total;
                else
                    partials[partial * hidden + c + lane] = total;
            }
        }
    }

    [Kernel]
    private static void CombinePiecesKernel(
        SpecializedValue<int> hidden, ArrayView<int> splitRows, ArrayView<float> partials, ArrayView<float> table)
    {
        int lane = Group.IdxX;
        int size = Group.DimX;
        int split = Grid.IdxX * ScatterPlan.SplitRowFields;
        int row = splitRows[split];
        int begin = splitRows[split + 1];
        int end = splitRows[split + 2];
        for (int c = 0; c < hidden; c += size)
        {
            if (c + lane < hidden)
            {
                float total = 0f;
                for (int partial = begin; partial < end; partial++)
                    total += partials[partial * hidden + c + lane];
                table[row * hidden + c + lane] += total;
            }
        }
    }
}
