namespace Engine.Kernels.Tests;

/// <summary>Operations on rows: normalizations, dropout, losses.</summary>
internal static class RowBits
{
    /// <summary>More rows than one group takes.</summary>
    private const int Rows = RowLaunch.RowsPerGroup + 1;

    public static IReadOnlyList<BitsOperation> All { get; } =
    [
        new("softmax", Softmax),
        new("top softmax", TopSoftmax),
        new("softmax cross-entropy", SoftmaxCrossEntropy),
        new("sigmoid cross-entropy", SigmoidCrossEntropy),
        new("layer norm, more than a chunk of rows", run => LayerNorm(run, Engine.Kernels.LayerNorm.RowsPerChunk + 1, true, true)),
        new("layer norm without residual", run => LayerNorm(run, 3, false, true)),
        new("layer norm without dropout", run => LayerNorm(run, 3, true, false)),
        new("layer norm alone", run => LayerNorm(run, 3, false, false)),
        new("dropout", Dropout),
    ];

    /// <summary>Columns that are two whole turns of a group's threads and a part of one.</summary>
    private static int Columns(BitsRun run) => run.Tiles.RowGroupSize * 2 + 3;

    /// <summary>Columns of which a group draws one turn of masks as a whole and one in part.</summary>
    private static int MaskedColumns(BitsRun run) => (run.Tiles.RowGroupSize + DropoutDraw.BlockCalls - 1) / DropoutDraw.BlockCalls * DropoutDraw.BlockColumns + 21;

    private static void Softmax(BitsRun run)
    {
        var columns = Columns(run);
        var softmax = new Softmax(run.Device);
        var y = run.Out(Rows * columns);
        softmax.Forward(run.In(Rows * columns, 10f), y, Rows, columns);
        softmax.Backward(y, run.In(Rows * columns), run.Out(Rows * columns), Rows, columns);
    }

    private static void TopSoftmax(BitsRun run)
    {
        const int Count = 4;
        var columns = Columns(run);
        new TopSoftmax(run.Device).Run(run.In(2 * columns, 5f), run.OutInts(2 * Count), run.Out(2 * Count), 2, columns, Count);
    }

    private static void SoftmaxCrossEntropy(BitsRun run)
    {
        var classes = Columns(run);
        var loss = new SoftmaxCrossEntropy(run.Device);
        var labels = run.Of([.. Enumerable.Range(0, Rows).Select(row => row == 2 ? -1 : row * 7 % classes)]);
        var probabilities = run.Out(Rows * classes);
        loss.Forward(run.In(Rows * classes, 10f), labels, run.Out(Rows), probabilities, Rows, classes);
        loss.Backward(probabilities, labels, run.Out(Rows * classes), Rows, classes, 1f / 8f);
    }

    private static void SigmoidCrossEntropy(BitsRun run)
    {
        const int Outputs = 31;
        var loss = new SigmoidCrossEntropy(run.Device);
        var logits = run.In(Rows * Outputs, 20f);
        var labels = run.Of([.. Enumerable.Range(0, Rows * Outputs).Select(i => i % 3 * 0.5f)]);
        loss.Forward(logits, labels, run.Out(Rows * Outputs), run.Out(Rows * Outputs), Rows, Outputs);
        loss.Backward(logits, labels, run.Out(Rows * Outputs), Rows, Outputs, 1f / 8f);
    }

    private static void LayerNorm(BitsRun run, int tokens, bool withResidual, bool withDropout)
    {
        var hidden = withDropout ? MaskedColumns(run) : Columns(run);
        var count = tokens * hidden;
        var norm = run.Keep(new LayerNorm(run.Device, hidden, 1e-12f));
        var dropout = withDropout ? new DropoutState(0.1f, 7, 3, 1) : DropoutState.Off;
        var gamma = run.In(hidden);
        var (sum, mean, rstd) = (run.Out(count), run.Out(tokens), run.Out(tokens));
        norm.Forward(run.In(count), withResidual ? run.In(count) : default, gamma, run.In(hidden), sum, run.Out(count), mean, rstd, tokens, dropout, 5);
        foreach (var accumulate in new[] { false, true })
        {
            norm.Backward(
                run.In(count), sum, gamma, mean, rstd, run.Out(count), run.Out(count), run.InOut(hidden), run.InOut(hidden), tokens, dropout, 5, accumulate);
        }
    }

    private static void Dropout(BitsRun run)
    {
        var width = MaskedColumns(run);
        var dropout = new Dropout(run.Device);
        var state = new DropoutState(0.3f, 7, 3, 1);
        dropout.Forward(run.In(Rows * width), run.Out(Rows * width), Rows, width, state, 2);
        dropout.Backward(run.In(Rows * width), run.Out(Rows * width), Rows, width, state, 2);
        dropout.Forward(run.In(width), run.Out(width), 1, width, DropoutState.Off, 0);
    }
}
