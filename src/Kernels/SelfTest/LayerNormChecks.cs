using Engine.Compute;

namespace Engine.Kernels;

/// <summary><see cref="LayerNorm"/> with and without its dropout and residual. A shape is tokens x hidden size.</summary>
internal sealed class LayerNormChecks(ComputeDevice device, Comparison comparison) : OperationChecks(device, comparison)
{
    // ILGPU forgets kernels that nothing refers to, and would compile them again for every size.
    private readonly List<LayerNorm> kept = [];

    /// <summary>The self-test's cases.</summary>
    /// <param name="small">Whether the device needs small sizes.</param>
    public static IEnumerable<SelfTestCase> Cases(bool small)
    {
        RowShape[] shapes = small ? [new(1, 5), new(9, 33)] : [new(1, 5), new(9, 127), new(37, 385)];
        SelfTestCase Case(string operation, string[] kernels, Action<LayerNormChecks, RowShape> check) =>
            SelfTestCase.Of(operation, kernels, shapes, (device, comparison) => new LayerNormChecks(device, comparison), check);
        string[] backward = ["LayerNorm.BackwardKernel", "ChunkSum.Kernel"];
        return
        [
            Case("layer-norm forward", ["LayerNorm.ForwardKernel"], (checks, shape) => checks.Forward(shape, residual: false, dropout: 0)),
            Case("layer-norm forward, dropout and residual", ["LayerNorm.ForwardKernel"], (checks, shape) => checks.Forward(shape, residual: true, dropout: 0.3f)),
            Case("layer-norm backward", backward, (checks, shape) => checks.Backward(shape, dropout: 0)),
            Case("layer-norm backward, dropout", backward, (checks, shape) => checks.Backward(shape, dropout: 0.3f)),
        ];
    }

    /// <summary>Sum, mean, 1 / deviation and output.</summary>
    public void Forward(RowShape shape, bool residual, float dropout)
    {
        var (tokens, hidden) = shape;
        var reference = new LayerNormReference(hidden, tokens, residual, State(dropout), 5);
        using var buffers = new DeviceBuffers(Device);
        var (sum, output, mean, rstd) = reference.Forward(buffers, Make(hidden));
        Comparison.Near(reference.Sum, buffers.Read(sum), 2 * Rounding.Unit, 2 * Rounding.Unit, "sum");
        Comparison.Near(reference.Mean, buffers.Read(mean), 0, Rounding.SumError(hidden) * reference.Largest, "mean");
        Comparison.Near(reference.Rstd, buffers.Read(rstd), reference.RstdError, 0, "rstd");
        Comparison.Near(reference.Output, buffers.Read(output), 0, reference.OutputError, "output");
    }

    /// <summary>The gradients of sum, gamma and beta, and of the input where there is dropout; those of gamma and beta are then added to what is there.</summary>
    public void Backward(RowShape shape, float dropout)
    {
        var (tokens, hidden) = shape;
        var drop = dropout > 0;
        var reference = new LayerNormReference(hidden, tokens, false, State(dropout), 2);
        using var buffers = new DeviceBuffers(Device);
        var norm = Make(hidden);
        var (sum, _, mean, rstd) = reference.Forward(buffers, norm);
        var (dsum, dinput) = (buffers.Out(shape.Count), buffers.Out(shape.Count));
        var (gammaBefore, betaBefore) = (CheckInputs.Uniform(hidden, 50), CheckInputs.Uniform(hidden, 51));
        var (dgamma, dbeta) = (buffers.Of(gammaBefore), buffers.Of(betaBefore));
        norm.Backward(
            buffers.Of(reference.Doutput), sum, buffers.Of(reference.Gamma), mean, rstd, dsum, dinput, dgamma, dbeta, tokens, reference.Dropout, 2, accumulate: drop);

        var (expectedSum, expectedInput, expectedGamma, expectedBeta) = reference.Backward();
        if (drop)
        {
            AddTo(expectedGamma, gammaBefore);
            AddTo(expectedBeta, betaBefore);
            Comparison.Near(expectedInput, buffers.Read(dinput), 0, reference.GradientError * 1.5, "dinput");
        }

        Comparison.Near(expectedSum, buffers.Read(dsum), 0, reference.GradientError, "dsum");
        var rows = (tokens + 16) * Rounding.Unit * tokens;
        Comparison.Near(expectedGamma, buffers.Read(dgamma), 0, rows + tokens * reference.NormalizedError + 1e-7, "dgamma");
        Comparison.Near(expectedBeta, buffers.Read(dbeta), 0, rows + 1e-7, "dbeta");
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (var norm in kept)
            norm.Dispose();
    }

    private static DropoutState State(float dropout) => dropout > 0 ? new DropoutState(dropout, 0x123456789ABCDEF, 7, 3) : DropoutState.Off;

    private static void AddTo(double[] values, float[] more)
    {
        for (var i = 0; i < values.Length; i++)
            values[i] += more[i];
    }

    private LayerNorm Make(int hidden)
    {
        var norm = new LayerNorm(Device, hidden, LayerNormReference.Epsilon);
        kept.Add(norm);
        return norm;
    }
}
