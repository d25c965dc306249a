using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>The mean of every sequence's rows in a packed batch, forward and backward.</summary>
/// <param name="device">The device to run on.</param>
public sealed class MeanPool(ComputeDevice device)
{
    private Action<KernelConfig, int, ArrayView<int>, ArrayView<float>, ArrayView<float>>? forward;
    private Action<KernelConfig, int, ArrayView<int>, ArrayView<float>, ArrayView<float>>? backward;

    /// <summary>y[s] = the mean of x[t] for t from sequenceOffsets[s] up to sequenceOffsets[s + 1].</summary>
    /// <param name="x">[tokens, width].</param>
    /// <param name="sequenceOffsets">[sequences + 1]; no sequence is empty.</param>
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

    /// <summary>dx[t] = dy[s] / the length of sequence s, for each of its tokens t.</summary>
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
        int begin = sequenceOffsets[sequence];
        int end = sequenceOffsets[sequence + 1];
        float length = end - begin;
        for (int c = 0; c < width; c += Group.DimX)
        {
            if (c + lane < width)
            {
                float sum = 0f;
                for (int row = begin; row < end; row++)
                    sum += x[row * width + c + lane];
                y[sequence * width + c + lane] = sum / length;
            }
        }
    }

    [Kernel]
    private static void BackwardKernel(int width, ArrayView<int> sequenceOffsets, ArrayView<float> dy, ArrayView<float> dx)
    {
        int lane = Group.IdxX;
        int sequence = Grid.IdxX;
        int begin = sequenceOffsets[sequence];
        int end = sequenceOffsets[sequence + 1];
        float length = end - begin;
        for (int row = begin; row < end; row++)
        {
            for (int c = 0; c < width; c += Group.DimX)
            {
                if (c + lane < width)
                    dx[row * width + c + lane] = dy[sequence * width + c + lane] / length;
            }
        }
    }
}
