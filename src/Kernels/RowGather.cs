using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>Takes the first row of every sequence ([CLS]) out of a packed batch, and scatters gradients back.</summary>
/// <param name="device">The device to run on.</param>
public sealed class RowGather(ComputeDevice device)
{
    private Action<KernelConfig, int, ArrayView<int>, ArrayView<float>, ArrayView<float>>? forward;
    private Action<KernelConfig, int, ArrayView<int>, ArrayView<float>, ArrayView<float>>? backward;

    /// <summary>y[s] = x[sequenceOffsets[s]].</summary>
    /// <param name="x">[tokens, width].</param>
    /// <param name="sequenceOffsets">[sequences + 1], the first token of every sequence and the number of tokens.</param>
    /// <param name="y">[sequences, width].</param>
    /// <param name="sequences">The number of sequences.</param>
    /// <param name="width">The row length.</param>
    public void Forward(ArrayView<float> x, ArrayView<int> sequenceOffsets, ArrayView<float> y, int sequences, int width)
    {
        if (sequences == 0)
            return;
        forward ??= device.Accelerator.LoadStreamKernel<int, ArrayView<int>, ArrayView<float>, ArrayView<float>>(ForwardKernel);
        forward(new KernelConfig(sequences, device.Tiles.RowGroupSize), width, sequenceOffsets, x, y);
    }

    /// <summary>dx[sequenceOffsets[s]] = dy[s], and 0 in every other row of the sequences.</summary>
    /// <param name="dy">[sequences, width].</param>
    /// <param name="sequenceOffsets">As in the forward pass.</param>
    /// <param name="dx">[tokens, width], overwritten.</param>
    /// <param name="sequences">The number of sequences.</param>
    /// <param name="width">The row length.</param>
    public void Backward(ArrayView<float> dy, ArrayView<int> sequenceOffsets, ArrayView<float> dx, int sequences, int width)
    {
        if (sequences == 0)
            return;
        backward ??= device.Accelerator.LoadStreamKernel<int, ArrayView<int>, ArrayView<float>, ArrayView<float>>(BackwardKernel);
        backward(new KernelConfig(sequences, device.Tiles.RowGroupSize), width, sequenceOffsets, dy, dx);
    }

    [Kernel]
    private static void ForwardKernel(int width, ArrayView<int> sequenceOffsets, ArrayView<float> x, ArrayView<float> y)
    {
        int lane = Group.IdxX;
        int sequence = Grid.IdxX;
        int source = sequenceOffsets[sequence] * width;
        for (int c = 0; c < width; c += Group.DimX)
        {
            if (c + lane < width)
                y[sequence * width + c + lane] = x[source + c + lane];
        }
    }

    [Kernel]
    private static void BackwardKernel(int width, ArrayView<int> sequenceOffsets, ArrayView<float> dy, ArrayView<float> dx)
    {
        int lane = Group.IdxX;
        int sequence = Grid.IdxX;
        int begin = sequenceOffsets[sequence] * width;
        int end = sequenceOffsets[sequence + 1] * width;
        for (int c = 0; c < width; c += Group.DimX)
        {
            if (c + lane < width)
                dx[begin + c + lane] = dy[sequence * width + c + lane];
        }

        for (int i = begin + width; i < end; i += Group.DimX)
        {
            if (i + lane < end)
                dx[i + lane] = 0f;
        }
    }
}
