using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Util;

namespace Engine.Kernels;

/// <summary>
/// Cross-entropy of a softmax over each row of logits, fused and stable: loss = log(sum of e^(z - max)) + max - z[label].
/// Rows with a negative label (Hugging Face's -100) are ignored: loss 0, gradient 0.
/// </summary>
/// <param name="device">The device to run on.</param>
public sealed class SoftmaxCrossEntropy(ComputeDevice device)
{
    private Action<KernelConfig, int, int, ArrayView<float>, ArrayView<int>, ArrayView<float>, ArrayView<float>>? forward;
    private Action<KernelConfig, int, int, float, ArrayView<float>, ArrayView<int>, ArrayView<float>>? backward;

    /// <summary>Losses and probabilities.</summary>
    /// <param name="logits">[rows, classes].</param>
    /// <param name="labels">[rows], each the index of a class, or negative: ignored.</param>
    /// <param name="losses">[rows], each row's own loss, not averaged.</param>
    /// <param name="probabilities">[rows, classes]; may be <paramref name="logits"/> only if those are not needed afterwards.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="classes">The number of classes, at least 1.</param>
    public void Forward(
        ArrayView<float> logits, ArrayView<int> labels, ArrayView<float> losses, ArrayView<float> probabilities, int rows, int classes)
    {
        if (rows == 0)
            return;
        using var measured = device.Profile?.Begin("softmax and cross-entropy, forward", 0, sizeof(float) * (double)rows * ((2 * classes) + 2));
        forward ??= device.LoadOnce(ForwardKernel, KernelLoaders.LoadStreamKernel);
        forward(RowLaunch.Shape(device, rows), rows, classes, logits, labels, losses, probabilities);
    }

    /// <summary>
    /// dlogits[r, c] = scale (probabilities[r, c] - (c == label ? 1 : 0)), the label's own as minus the sum of the other probabilities.
    /// </summary>
    /// <param name="probabilities">The forward pass's, [rows, classes].</param>
    /// <param name="labels">[rows], as in the forward pass.</param>
    /// <param name="dlogits">[rows, classes]; may be <paramref name="probabilities"/>.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="classes">The number of classes, at least 1.</param>
    /// <param name="scale">1 / the number of rows of the logical batch whose mean loss is trained on.</param>
    public void Backward(
        ArrayView<float> probabilities, ArrayView<int> labels, ArrayView<float> dlogits, int rows, int classes, float scale)
    {
        if (rows == 0)
            return;
        using var measured = device.Profile?.Begin("softmax and cross-entropy, backward", 0, sizeof(float) * (double)rows * ((2 * classes) + 1));
        backward ??= device.LoadOnce(BackwardKernel, KernelLoaders.LoadStreamKernel);
        backward(RowLaunch.Shape(device, rows), rows, classes, scale, probabilities, labels, dlogits);
    }

    [Kernel]
    private static void ForwardKernel(
        int rows, int classes, ArrayView<float> logits, ArrayView<int> labels, ArrayView<float> losses, ArrayView<float> probabilities)
    {
        var shared = SharedMemory.Allocate<float>(GroupReduction.MaxGroupSize);
        int lane = Group.IdxX;
        int size = Group.DimX;
        int first = Grid.IdxX * RowLaunch.RowsPerGroup;
        int end = IntrinsicMath.Min(first + RowLaunch.RowsPerGroup, rows);
        for (int row = first; row < end; row++)
        {
            int offset = row * classes;
            int label = labels[row];
            bool ignored = label < 0;

            // Read before the exponentials are written: they may go to the same buffer.
            float chosen = logits[offset + IntrinsicMath.Max(label, 0)];
            var (max, sum) = Softmax.Exponentials(offset, classes, logits, probabilities, shared);
            float scale = 1f / sum;
            for (int c = 0; c < classes; c += size)
            {
                if (c + lane < classes)
                    probabilities[offset + c + lane] *= scale;
            }

            if (lane == 0)
                losses[row] = ignored ? 0f : DeviceMath.Log(sum) + (max - chosen);
        }
    }

    [Kernel]
    private static void BackwardKernel(
        int rows, int classes, float scale, ArrayView<float> probabilities, ArrayView<int> labels, ArrayView<float> dlogits)
    {
        var shared = SharedMemory.Allocate<float>(GroupReduction.MaxGroupSize);
        int lane = Group.IdxX;
        int size = Group.DimX;
        int first = Grid.IdxX * RowLaunch.RowsPerGroup;
        int end = IntrinsicMath.Min(first + RowLaunch.RowsPerGroup, rows);
        for (int row = first; row < end; row++)
        {
            int offset = row * classes;
            int label = labels[row];
            float rowScale = label < 0 ? 0f : scale;

            // probability - 1 as minus the sum of the others: a right and certain answer's gradient keeps its digits.
            float others = 0f;
            for (int c = 0; c < classes; c += size)
            {
                if (c + lane < classes)
                    others += Utilities.Select(c + lane == label, 0f, probabilities[offset + c + lane]);
            }

            others = GroupReduction.Sum(others, shared);
            for (int c = 0; c < classes; c += size)
            {
                if (c + lane < classes)
                {
                    float d = Utilities.Select(c + lane == label, -others, probabilities[offset + c + lane]);
                    dlogits[offset + c + lane] = rowScale * d;
                }
            }
        }
    }
}
