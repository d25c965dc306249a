using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>One row for every sequence of a packed batch, made of the sequence's rows: what <see cref="RowGather"/> and <see cref="MeanPool"/> share, one group a sequence.</summary>
/// <param name="device">The device to run on.</param>
/// <param name="forwardKernel">(width, sequenceOffsets, x, y).</param>
/// <param name="backwardKernel">(width, sequenceOffsets, dy, dx).</param>
public abstract class SequencePooling(
    ComputeDevice device,
    Action<int, ArrayView<int>, ArrayView<float>, ArrayView<float>> forwardKernel,
    Action<int, ArrayView<int>, ArrayView<float>, ArrayView<float>> backwardKernel)
{
    private Action<KernelConfig, int, ArrayView<int>, ArrayView<float>, ArrayView<float>>? forward;
    private Action<KernelConfig, int, ArrayView<int>, ArrayView<float>, ArrayView<float>>? backward;

    /// <summary>y[s] = what the class takes of x[t] for t from sequenceOffsets[s] up to sequenceOffsets[s + 1].</summary>
    /// <param name="x">[tokens, width].</param>
    /// <param name="sequenceOffsets">[sequences + 1], the first token of every sequence and the number of tokens; no sequence is empty.</param>
    /// <param name="y">[sequences, width].</param>
    /// <param name="sequences">The number of sequences.</param>
    /// <param name="width">The row length.</param>
    public void Forward(ArrayView<float> x, ArrayView<int> sequenceOffsets, ArrayView<float> y, int sequences, int width)
    {
        if (sequences == 0)
            return;
        using var measured = Measure("forward");
        forward ??= device.LoadOnce(forwardKernel, KernelLoaders.LoadStreamKernel);
        forward(new KernelConfig(sequences, device.Tiles.RowGroupSize), width, sequenceOffsets, x, y);
    }

    /// <summary>dx[t] = the gradient of every token of the sequences.</summary>
    /// <param name="dy">[sequences, width].</param>
    /// <param name="sequenceOffsets">As in the forward pass.</param>
    /// <param name="dx">[tokens, width], overwritten.</param>
    /// <param name="sequences">The number of sequences.</param>
    /// <param name="width">The row length.</param>
    public void Backward(ArrayView<float> dy, ArrayView<int> sequenceOffsets, ArrayView<float> dx, int sequences, int width)
    {
        if (sequences == 0)
            return;
        using var measured = Measure("backward");
        backward ??= device.LoadOnce(backwardKernel, KernelLoaders.LoadStreamKernel);
        backward(new KernelConfig(sequences, device.Tiles.RowGroupSize), width, sequenceOffsets, dy, dx);
    }

    // How many tokens there are the device alone knows, so the work is not counted: a row a sequence, nothing beside a layer's.
    private IDisposable? Measure(string pass) => device.Profile?.Begin($"{(this is MeanPool ? "mean of the states" : "rows of first tokens")}, {pass}", 0, 0);
}
