namespace Engine.Kernels.Tests;

/// <summary>Operations on tokens: embeddings, one row a sequence, sums over rows.</summary>
internal static class SequenceBits
{
    public static IReadOnlyList<BitsOperation> All { get; } =
    [
        new("embedding", Embedding),
        new("first rows", run => Pool(run, new RowGather(run.Device))),
        new("mean rows", run => Pool(run, new MeanPool(run.Device))),
        new("any rows", AnyRows),
        new("column sum", ColumnSum),
        new("zero fill", ZeroFill),
    ];

    private static int Width(BitsRun run) => run.Tiles.RowGroupSize * 2 + 3;

    /// <summary>Forward; backward twice, with words that have a token, several, and more than a piece of the scatter; clearing as a whole and by rows.</summary>
    private static void Embedding(BitsRun run)
    {
        const int Words = 7, Positions = 5, Segments = 2, Tokens = ScatterPlan.TokensPerPiece + 9;
        var hidden = Width(run);
        var embedding = run.Keep(new Embedding(run.Device, hidden));
        int[] ids = [.. Enumerable.Range(0, Tokens).Select(token => token < 3 ? token : token % 5 == 0 ? 6 : 3)];
        int[] positions = [.. Enumerable.Range(0, Tokens).Select(token => token % Positions)];
        int[] segments = [.. Enumerable.Range(0, Tokens).Select(token => token < 35 ? 0 : 1)];
        embedding.Forward(
            run.Of(ids), run.Of(positions), run.Of(segments), run.In(Words * hidden), run.In(Positions * hidden), run.In(Segments * hidden), run.Out(Tokens * hidden), Tokens);
        var (cleared, words) = (run.InOut(Words * hidden), run.InOut(Words * hidden));
        foreach (var table in new[] { cleared, words })
        {
            var (positionTable, segmentTable) = (run.InOut(Positions * hidden), run.InOut(Segments * hidden));
            for (var batch = 0; batch < 2; batch++)
            {
                embedding.Prepare(ids, positions, segments);
                embedding.ClearGradients(table, positionTable, segmentTable);
                embedding.Backward(run.In(Tokens * hidden), table, positionTable, segmentTable);
            }
        }

        embedding.ClearGradients(cleared, run.InOut(hidden), run.InOut(hidden));
    }

    private static void Pool(BitsRun run, SequencePooling pooling)
    {
        const int Tokens = 12;
        var width = Width(run);
        var offsets = run.Of(0, 1, 8, Tokens);
        pooling.Forward(run.In(Tokens * width), offsets, run.Out(3 * width), 3, width);
        pooling.Backward(run.In(3 * width), offsets, run.Out(Tokens * width), 3, width);
    }

    private static void AnyRows(BitsRun run)
    {
        var width = Width(run);
        new RowGather(run.Device).Take(run.In(5 * width), run.Of(3, 0, 3, 4), run.Out(4 * width), 4, width);
    }

    /// <summary>More rows than a chunk; columns that fill a group's strip and a part of one.</summary>
    private static void ColumnSum(BitsRun run)
    {
        const int Rows = Engine.Kernels.ColumnSum.RowsPerChunk + 5;
        var columns = run.Tiles.RowGroupSize * 4 + 7;
        var sum = run.Keep(new ColumnSum(run.Device));
        sum.Run(run.In(Rows * columns), run.Out(columns), Rows, columns, accumulate: false);
        sum.Run(run.In(3 * columns), run.InOut(columns), 3, columns, accumulate: true);
        sum.Run(run.In(3 * columns), run.Out(columns), 3, columns, accumulate: false);
    }

    private static void ZeroFill(BitsRun run) => new ZeroFill(run.Device).Run(run.InOut(523));
}
