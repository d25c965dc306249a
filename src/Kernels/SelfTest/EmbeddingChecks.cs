using Engine.Compute;

namespace Engine.Kernels;

/// <summary><see cref="Embedding"/>: the sum, its scatter-add, and clearing what was added. A shape is tokens x hidden size.</summary>
internal sealed class EmbeddingChecks(ComputeDevice device, Comparison comparison) : OperationChecks(device, comparison)
{
    private const int Vocabulary = 40;
    private const int Positions = 70;
    private const int Segments = 2;

    // ILGPU forgets kernels that nothing refers to, and would compile them again for every size.
    private readonly List<Embedding> kept = [];

    /// <summary>The self-test's cases.</summary>
    /// <param name="small">Whether the device needs small sizes.</param>
    public static IEnumerable<SelfTestCase> Cases(bool small)
    {
        RowShape[] shapes = small ? [new(1, 5), new(70, 17)] : [new(1, 5), new(70, 127), new(301, 385)];
        return
        [
            SelfTestCase.Of("embedding forward", ["Embedding.ForwardKernel"], shapes, Make, (checks, shape) => checks.Forward(shape)),
            SelfTestCase.Of(
                "embedding backward", ["Embedding.ScatterPiecesKernel", "Embedding.CombinePiecesKernel"], shapes, Make, (checks, shape) => checks.Backward(shape)),
            SelfTestCase.Of(
                "embedding, gradients cleared", ["TouchedRows.ClearKernel", "ZeroFill.FillKernel"], shapes, Make, (checks, shape) => checks.Clear(shape)),
        ];

        static EmbeddingChecks Make(ComputeDevice device, Comparison comparison) => new(device, comparison);
    }

    /// <summary>sum = word + position + segment.</summary>
    public void Forward(RowShape shape)
    {
        var (tokens, hidden) = shape;
        var (ids, positions, segments) = Tokens(tokens);
        var words = CheckInputs.Uniform(Vocabulary * hidden, 1);
        var positionTable = CheckInputs.Uniform(Positions * hidden, 2);
        var segmentTable = CheckInputs.Uniform(Segments * hidden, 3);
        using var buffers = new DeviceBuffers(Device);
        var sum = buffers.Out(shape.Count);
        Make(hidden).Forward(
            buffers.Of(ids), buffers.Of(positions), buffers.Of(segments), buffers.Of(words), buffers.Of(positionTable), buffers.Of(segmentTable), sum, tokens);
        var expected = new double[shape.Count];
        for (var i = 0; i < expected.Length; i++)
        {
            var (t, c) = (i / hidden, i % hidden);
            expected[i] = (double)words[ids[t] * hidden + c] + positionTable[positions[t] * hidden + c] + segmentTable[segments[t] * hidden + c];
        }

        // Two additions of numbers up to 3.
        Comparison.Near(expected, buffers.Read(sum), 0, 5 * Rounding.Unit, "sum");
    }

    /// <summary>The gradients of the three tables, the words' added to what is there.</summary>
    public void Backward(RowShape shape)
    {
        var (tokens, hidden) = shape;
        var (ids, positions, segments) = Tokens(tokens);
        var dsum = CheckInputs.Uniform(shape.Count, 4);
        var before = CheckInputs.Uniform(Vocabulary * hidden, 5);
        using var buffers = new DeviceBuffers(Device);
        var (dwords, dpositions, dsegments) = (buffers.Of(before), buffers.Of(new float[Positions * hidden]), buffers.Of(new float[Segments * hidden]));
        var embedding = Make(hidden);
        embedding.Prepare(ids, positions, segments);
        embedding.Backward(buffers.Of(dsum), dwords, dpositions, dsegments);

        // Sums of up to `tokens` values below 1, in pieces of 32.
        var allowed = (34 + tokens / 32) * Rounding.Unit * (tokens + 1);
        Comparison.Near(Scattered(CheckInputs.Doubles(before), ids, dsum, hidden), buffers.Read(dwords), 0, allowed, "dwords");
        Comparison.Near(Scattered(new double[Positions * hidden], positions, dsum, hidden), buffers.Read(dpositions), 0, allowed, "dpositions");
        Comparison.Near(Scattered(new double[Segments * hidden], segments, dsum, hidden), buffers.Read(dsegments), 0, allowed, "dsegments");
    }

    /// <summary>Everything is 0 after a first clearing, which takes the whole table, and after one that follows a backward pass, which takes the rows added to.</summary>
    public void Clear(RowShape shape)
    {
        var (tokens, hidden) = shape;
        var (ids, positions, segments) = Tokens(tokens);
        using var buffers = new DeviceBuffers(Device);
        var tables = new[] { Vocabulary, Positions, Segments }.Select((rows, i) => buffers.Of(CheckInputs.Uniform(rows * hidden, i))).ToArray();
        var embedding = Make(hidden);
        embedding.ClearGradients(tables[0], tables[1], tables[2]);
        Comparison.Same(new float[Vocabulary * hidden], buffers.Read(tables[0]), "dwords cleared as a whole");
        embedding.Prepare(ids, positions, segments);
        embedding.Backward(buffers.Of(CheckInputs.Uniform(shape.Count, 4)), tables[0], tables[1], tables[2]);
        embedding.ClearGradients(tables[0], tables[1], tables[2]);
        foreach (var (table, what) in tables.Zip(["dwords", "dpositions", "dsegments"]))
            Comparison.Same(new float[table.Length], buffers.Read(table), $"{what} cleared");
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (var embedding in kept)
            embedding.Dispose();
    }

    /// <summary>A batch in which one word takes half of all places: more than one piece of the scatter from 66 tokens on.</summary>
    private static (int[] Ids, int[] Positions, int[] Segments) Tokens(int tokens)
    {
        var random = new Random(tokens);
        return (
            [.. Enumerable.Range(0, tokens).Select(t => t % 2 == 0 ? 3 : random.Next(Vocabulary))],
            [.. Enumerable.Range(0, tokens).Select(t => t % Positions)],
            [.. Enumerable.Range(0, tokens).Select(t => t % Positions > 50 ? 1 : 0)]);
    }

    private static double[] Scattered(double[] table, int[] rows, float[] dsum, int hidden)
    {
        for (var i = 0; i < dsum.Length; i++)
            table[rows[i / hidden] * hidden + (i % hidden)] += dsum[i];
        return table;
    }

    private Embedding Make(int hidden)
    {
        var embedding = new Embedding(Device, hidden);
        kept.Add(embedding);
        return embedding;
    }
}
