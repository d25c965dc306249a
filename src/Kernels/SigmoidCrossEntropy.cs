using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>
/// Binary cross-entropy of a logistic function of logits, fused and stable: loss = max(z, 0) - z y + log(1 + e^-|z|), for each element.
/// </summary>
/// <param name="device">The device to run on.</param>
public sealed class SigmoidCrossEntropy(ComputeDevice device)
{
    private Action<KernelConfig, int, ArrayView<float>, ArrayView<float>, ArrayView<float>, ArrayView<float>>? forward;
    private Action<KernelConfig, int, float, ArrayView<float>, ArrayView<float>, ArrayView<float>>? backward;

    /// <summary>Losses and probabilities.</summary>
    /// <param name="logits">[rows, outputs].</param>
    /// <param name="labels">[rows, outputs], 0 or 1 (or a probability between).</param>
    /// <param name="losses">[rows, outputs], each element's own loss, not averaged.</param>
    /// <param name="probabilities">[rows, outputs].</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="outputs">Independent outputs in each row, at least 1.</param>
    public void Forward(
        ArrayView<float> logits, ArrayView<float> labels, ArrayView<float> losses, ArrayView<float> probabilities, int rows, int outputs)
    {
        if (rows == 0)
            return;
        forward ??= device.LoadOnce(ForwardKernel, KernelLoaders.LoadStreamKernel);
        using var measured = device.Profile?.Begin("sigmoid and cross-entropy, forward", 0, 4.0 * sizeof(float) * rows * outputs);
        int count = rows * outputs;
        forward(Elementwise.Shape(device, count), count, logits, labels, losses, probabilities);
    }

    /// <summary>
    /// dlogits = scale (sigmoid(logits) - labels), from the logits: a right and certain answer's gradient keeps its digits, which the
    /// difference of a rounded probability and 1 has lost.
    /// </summary>
    /// <param name="logits">[rows, outputs], as in the forward pass.</param>
    /// <param name="labels">[rows, outputs], as in the forward pass.</param>
    /// <param name="dlogits">[rows, outputs]; may be <paramref name="logits"/>.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="outputs">Independent outputs in each row, at least 1.</param>
    /// <param name="scale">1 / the number of elements of the logical batch whose mean loss is trained on.</param>
    public void Backward(
        ArrayView<float> logits, ArrayView<float> labels, ArrayView<float> dlogits, int rows, int outputs, float scale)
    {
        if (rows == 0)
            return;
        backward ??= device.LoadOnce(BackwardKernel, KernelLoaders.LoadStreamKernel);
        using var measured = device.Profile?.Begin("sigmoid and cross-entropy, backward", 0, 3.0 * sizeof(float) * rows * outputs);
        int count = rows * outputs;
        backward(Elementwise.Shape(device, count), count, scale, logits, labels, dlogits);
    }

    [Kernel]
    private static void ForwardKernel(
        int count, ArrayView<float> logits, ArrayView<float> labels, ArrayView<float> losses, ArrayView<float> probabilities)
    {
        int i = Grid.IdxX * Group.DimX + Group.IdxX;
        if (i < count)
        {
            float z = logits[i];

            // In this order small losses keep their digits: max(z, 0) - z y is 0 for a right and certain answer.
            losses[i] = DeviceMath.Max(z, 0f) - z * labels[i] + DeviceMath.Log1P(DeviceMath.Exp(-DeviceMath.Abs(z)));
            probabilities[i] = DeviceMath.Sigmoid(z);
        }
    }

    [Kernel]
    private static void BackwardKernel(
        int count, float scale, ArrayView<float> logits, ArrayView<float> labels, ArrayView<float> dlogits)
    {
        int i = Grid.IdxX * Group.DimX + Group.IdxX;
        if (i < count)
        {
            float z = logits[i];
            float y = labels[i];

            // sigmoid(z) - y, whose two parts have no difference of nearly equal numbers where y is 0 or 1.
            dlogits[i] = scale * (DeviceMath.Sigmoid(z) * (1f - y) - DeviceMath.Sigmoid(-z) * y);
        }
    }
}
