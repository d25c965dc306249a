using Engine.Compute;

namespace Engine.Kernels;

/// <summary>The two cross-entropies, forward and backward.</summary>
internal sealed class CrossEntropyChecks(ComputeDevice device, Comparison comparison) : OperationChecks(device, comparison)
{
    private const float Scale = 0.25f;

    private readonly SoftmaxCrossEntropy softmax = new(device);
    private readonly SigmoidCrossEntropy sigmoid = new(device);

    /// <summary>The self-test's cases.</summary>
    /// <param name="small">Whether the device needs small sizes.</param>
    public static IEnumerable<SelfTestCase> Cases(bool small)
    {
        RowShape[] shapes = small ? [new(11, 2), new(9, 33)] : [new(11, 2), new(9, 127), new(37, 385)];
        RowShape[] outputs = small ? [new(67, 3)] : [new(67, 3), new(401, 5)];
        return
        [
            SelfTestCase.Of("softmax cross-entropy forward", ["SoftmaxCrossEntropy.ForwardKernel"], shapes, Make, (checks, shape) => checks.SoftmaxForward(shape)),
            SelfTestCase.Of("softmax cross-entropy backward", ["SoftmaxCrossEntropy.BackwardKernel"], shapes, Make, (checks, shape) => checks.SoftmaxBackward(shape)),
            SelfTestCase.Of("sigmoid cross-entropy forward", ["SigmoidCrossEntropy.ForwardKernel"], outputs, Make, (checks, shape) => checks.SigmoidForward(shape)),
            SelfTestCase.Of("sigmoid cross-entropy backward", ["SigmoidCrossEntropy.BackwardKernel"], outputs, Make, (checks, shape) => checks.SigmoidBackward(shape)),
        ];

        static CrossEntropyChecks Make(ComputeDevice device, Comparison comparison) => new(device, comparison);
    }

    /// <summary>The loss of one row of logits, 0 where its label is negative.</summary>
    public static double SoftmaxLoss(double[] logits, int label) =>
        label < 0 ? 0 : -Math.Log(SoftmaxChecks.Probabilities(logits, new RowShape(1, logits.Length))[label]);

    /// <summary>Labels of the rows; row 4 has none.</summary>
    public static int[] Labels(RowShape shape) => [.. Enumerable.Range(0, shape.Rows).Select(row => row == 4 ? -100 : row * 7 % shape.Columns)];

    /// <summary>The relative error of a probability of these checks, which the losses have absolutely.</summary>
    public static double SoftmaxError(RowShape shape) => SoftmaxChecks.ProbabilityError(shape.Columns, 40);

    /// <summary>Losses and probabilities of logits up to 20.</summary>
    public void SoftmaxForward(RowShape shape)
    {
        var (x, labels) = (CheckInputs.Uniform(shape.Count, 1, 20f), Labels(shape));
        using var buffers = new DeviceBuffers(Device);
        var (losses, probabilities) = (buffers.Out(shape.Rows), buffers.Out(shape.Count));
        softmax.Forward(buffers.Of(x), buffers.Of(labels), losses, probabilities, shape.Rows, shape.Columns);
        var logits = CheckInputs.Doubles(x);
        var relative = SoftmaxError(shape);
        Comparison.Near(SoftmaxChecks.Probabilities(logits, shape), buffers.Read(probabilities), relative, 0, "probability");
        Comparison.Near(
            [.. labels.Select((label, row) => SoftmaxLoss(logits[(row * shape.Columns)..((row + 1) * shape.Columns)], label))],
            buffers.Read(losses), 4 * Rounding.Unit, relative, "loss");
    }

    /// <summary>dlogits = scale (probability - 1 at the label).</summary>
    public void SoftmaxBackward(RowShape shape)
    {
        var labels = Labels(shape);
        var probabilities = Array.ConvertAll(
            SoftmaxChecks.Probabilities(CheckInputs.Doubles(CheckInputs.Uniform(shape.Count, 1, 20f)), shape), p => (float)p);
        using var buffers = new DeviceBuffers(Device);
        var dlogits = buffers.Out(shape.Count);
        softmax.Backward(buffers.Of(probabilities), buffers.Of(labels), dlogits, shape.Rows, shape.Columns, Scale);
        var expected = new double[shape.Count];
        for (var row = 0; row < shape.Rows; row++)
        {
            var (first, label) = (row * shape.Columns, labels[row]);
            if (label < 0)
                continue;
            double others = 0;
            for (var c = 0; c < shape.Columns; c++)
                others += c == label ? 0 : probabilities[first + c];
            for (var c = 0; c < shape.Columns; c++)
                expected[first + c] = Scale * (c == label ? -others : probabilities[first + c]);
        }

        // A sum of positive terms, and the factor.
        Comparison.Near(expected, buffers.Read(dlogits), Rounding.SumError(shape.Columns) + Rounding.Unit, 0, "dlogits");
    }

    /// <summary>Losses and probabilities of logits up to 30, and of 200 and -200.</summary>
    public void SigmoidForward(RowShape shape)
    {
        var (logits, labels) = SigmoidInputs(shape);
        using var buffers = new DeviceBuffers(Device);
        var (losses, probabilities) = (buffers.Out(shape.Count), buffers.Out(shape.Count));
        sigmoid.Forward(buffers.Of(logits), buffers.Of(labels), losses, probabilities, shape.Rows, shape.Columns);

        // Small losses keep their relative accuracy: log(1 + e^-|z|) errs by 4 units, the sum by one rounding.
        Comparison.Near(
            [.. logits.Select((z, i) => Math.Max(z, 0.0) - z * labels[i] + ReferenceMath.Log1P(Math.Exp(-Math.Abs(z))))],
            buffers.Read(losses), 10 * Rounding.Unit, 1e-38, "loss");
        Comparison.Near([.. logits.Select(z => ReferenceMath.Sigmoid(z))], buffers.Read(probabilities), 8 * Rounding.Unit, 1e-38, "probability");
    }

    /// <summary>dlogits = scale (sigmoid(logit) - label).</summary>
    public void SigmoidBackward(RowShape shape)
    {
        var (logits, labels) = SigmoidInputs(shape);
        using var buffers = new DeviceBuffers(Device);
        var dlogits = buffers.Out(shape.Count);
        sigmoid.Backward(buffers.Of(logits), buffers.Of(labels), dlogits, shape.Rows, shape.Columns, Scale);

        // The function's 4 units in the last place; where the label is 0 or 1 the other term is 0.
        Comparison.Near(
            [.. logits.Select((z, i) => labels[i] == 0 ? Scale * ReferenceMath.Sigmoid(z) : -Scale * ReferenceMath.Sigmoid(-z))],
            buffers.Read(dlogits), 8 * Rounding.Unit, 1e-38, "dlogits");
    }

    private static (float[] Logits, float[] Labels) SigmoidInputs(RowShape shape)
    {
        var logits = CheckInputs.Uniform(shape.Count, 1, 30f);
        (logits[0], logits[1]) = (200f, -200f);
        return (logits, [.. Enumerable.Range(0, shape.Count).Select(i => i % 3 == 0 ? 1f : 0f)]);
    }
}
