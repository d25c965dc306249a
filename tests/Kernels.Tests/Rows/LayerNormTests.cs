using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>Layer norm with its dropout and residual against double precision and finite differences.</summary>
[Collection(TestDevices.Collection)]
public sealed class LayerNormTests(TestDevices devices)
{
    private const float Epsilon = LayerNormReference.Epsilon;

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void ForwardFollowsTheDoubleReference(string name)
    {
        using var checks = new LayerNormChecks(devices.Get(name), new Comparison());
        foreach (var shape in RowCases.Shapes(name))
        {
            checks.Forward(shape, residual: false, dropout: 0);
            checks.Forward(shape, residual: true, dropout: 0.3f);
            if (shape.Columns == 127)
            {
                checks.Forward(shape, residual: false, dropout: 0.3f);
                checks.Forward(shape, residual: true, dropout: 0);
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void BackwardFollowsTheDoubleReference(string name)
    {
        using var checks = new LayerNormChecks(devices.Get(name), new Comparison());
        foreach (var shape in RowCases.Shapes(name))
        {
            checks.Backward(shape, dropout: 0);
            checks.Backward(shape, dropout: 0.3f);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void BackwardFollowsFiniteDifferences(string name)
    {
        var device = devices.Get(name);
        const int Hidden = 19;
        const int Tokens = 3;
        using var norm = new LayerNorm(device, Hidden, Epsilon);
        var data = new LayerNormReference(Hidden, Tokens, true, new DropoutState(0.25f, 5, 1, 1), 0);
        using var buffers = new DeviceBuffers(device);
        var (sum, _, mean, rstd) = data.Forward(buffers, norm);
        var dsum = buffers.Out(Tokens * Hidden);
        var dinput = buffers.Out(Tokens * Hidden);
        var dgamma = buffers.Out(Hidden);
        var dbeta = buffers.Out(Hidden);
        norm.Backward(
            buffers.Of(data.Doutput), sum, buffers.Of(data.Gamma), mean, rstd, dsum, dinput, dgamma, dbeta, Tokens, data.Dropout, 0, false);

        // The difference's own error is about step^2 times the third derivative, below 1e-8 here.
        double[] Slopes(double[] values) => [.. Enumerable.Range(0, values.Length).Select(i => Near.Slope(values, i, data.Loss))];
        double allowed = data.GradientError + 1e-8;
        Near.Equal(Slopes(data.Residual), buffers.Read(dsum), 0, allowed, "dsum");
        Near.Equal(Slopes(data.Input), buffers.Read(dinput), 0, allowed * 2, "dinput");
        Near.Equal(Slopes(data.GammaValues), buffers.Read(dgamma), 0, allowed * Tokens, "dgamma");
        Near.Equal(Slopes(data.BetaValues), buffers.Read(dbeta), 0, allowed * Tokens, "dbeta");
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void ARowIsTheSameAloneAndInABatch(string name)
    {
        var device = devices.Get(name);
        const int Hidden = 77;
        const int Tokens = 11;
        using var norm = new LayerNorm(device, Hidden, Epsilon);
        var dropout = new DropoutState(0.1f, 5, 1, 1);
        var data = new LayerNormReference(Hidden, Tokens, true, dropout, 0);
        using var buffers = new DeviceBuffers(device);
        var output = buffers.Read(data.Forward(buffers, norm).Output);
        foreach (int row in new[] { 0, 7, 8, 10 })
        {
            var alone = data.Row(row);
            Assert.Equal(output[(row * Hidden)..((row + 1) * Hidden)], buffers.Read(alone.Forward(buffers, norm).Output));
        }
    }
}
