using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>Softmax and the two cross-entropies against double precision and finite differences.</summary>
[Collection(TestDevices.Collection)]
public sealed class SoftmaxTests(TestDevices devices)
{
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void SoftmaxFollowsTheDoubleReference(string name)
    {
        using var checks = new SoftmaxChecks(devices.Get(name), new Comparison());
        foreach (var shape in RowCases.Shapes(name))
        {
            checks.Forward(shape);
            checks.Backward(shape);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void SoftmaxBackwardFollowsFiniteDifferences(string name)
    {
        var device = devices.Get(name);
        const int Columns = 21;
        var x = CheckInputs.Doubles(CheckInputs.Uniform(Columns, 1, 3f));
        var dy = CheckInputs.Uniform(Columns, 2);
        using var buffers = new DeviceBuffers(device);
        var softmax = new Softmax(device);
        var y = buffers.Out(Columns);
        var dx = buffers.Out(Columns);
        softmax.Forward(buffers.Of(Array.ConvertAll(x, v => (float)v)), y, 1, Columns);
        softmax.Backward(y, buffers.Of(dy), dx, 1, Columns);
        double Loss() => SoftmaxChecks.Probabilities(x, new RowShape(1, Columns)).Select((p, i) => p * dy[i]).Sum();
        Near.Equal([.. Enumerable.Range(0, Columns).Select(i => Near.Slope(x, i, Loss))], buffers.Read(dx), 0, 3e-6, "dx");
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void SoftmaxCrossEntropyFollowsTheDoubleReference(string name)
    {
        using var checks = new CrossEntropyChecks(devices.Get(name), new Comparison());
        foreach (int classes in new[] { 2, 3, 17, 300 })
        {
            checks.SoftmaxForward(new RowShape(11, classes));
            checks.SoftmaxBackward(new RowShape(11, classes));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void SoftmaxCrossEntropyBackwardFollowsFiniteDifferences(string name)
    {
        var device = devices.Get(name);
        var shape = new RowShape(11, 17);
        const float Scale = 0.25f;
        var (x, labels) = (CheckInputs.Uniform(shape.Count, 1, 20f), CrossEntropyChecks.Labels(shape));
        using var buffers = new DeviceBuffers(device);
        var (probabilities, dlogits) = (buffers.Out(shape.Count), buffers.Out(shape.Count));
        var loss = new SoftmaxCrossEntropy(device);
        loss.Forward(buffers.Of(x), buffers.Of(labels), buffers.Out(shape.Rows), probabilities, shape.Rows, shape.Columns);
        loss.Backward(probabilities, buffers.Of(labels), dlogits, shape.Rows, shape.Columns, Scale);
        var logits = CheckInputs.Doubles(x);
        double Loss(int row) => CrossEntropyChecks.SoftmaxLoss(logits[(row * shape.Columns)..((row + 1) * shape.Columns)], labels[row]);
        Near.Equal(
            [.. Enumerable.Range(0, shape.Count).Select(i => Near.Slope(logits, i, () => Scale * Loss(i / shape.Columns)))],
            buffers.Read(dlogits), 0, Scale * CrossEntropyChecks.SoftmaxError(shape) + 1e-8, "dlogits");
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void SigmoidCrossEntropyFollowsTheDoubleReference(string name)
    {
        using var checks = new CrossEntropyChecks(devices.Get(name), new Comparison());
        checks.SigmoidForward(new RowShape(67, 3));
        checks.SigmoidBackward(new RowShape(67, 3));
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void ACertainAnswersGradientKeepsItsDigits(string name)
    {
        var device = devices.Get(name);
        var loss = new SoftmaxCrossEntropy(device);
        using var buffers = new DeviceBuffers(device);
        var probabilities = buffers.Out(3);
        var dlogits = buffers.Out(3);
        loss.Forward(buffers.Of(20f, 1f, 2f), buffers.Of(0), buffers.Out(1), probabilities, 1, 3);
        loss.Backward(probabilities, buffers.Of(0), dlogits, 1, 3, 1f);
        double sum = 1 + Math.Exp(-19) + Math.Exp(-18);
        Near.Equal(
            [-(Math.Exp(-19) + Math.Exp(-18)) / sum, Math.Exp(-19) / sum, Math.Exp(-18) / sum],
            buffers.Read(dlogits), 20 * Rounding.Unit, 0, "dlogits");
    }
}
