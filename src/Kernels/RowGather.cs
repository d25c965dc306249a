using Engine.Compute;
using ILGPU;

namespace Engine.Kernels;

/// <summary>Takes the first row of every sequence ([CLS]) out of a packed batch; backward, the gradient goes there and every other row of the sequences is 0.</summary>
/// <param name="device">The device to run on.</param>
public sealed class RowGather(ComputeDevice device) : SequencePooling(device, ForwardKernel, BackwardKernel)
{
    /// <summary>y[i] = x[rows[i]]: any rows, in any order. What the forward pass does for the first rows, it does for these.</summary>
    /// <param name="x">[tokens, width].</param>
    /// <param name="rows">[count], each below the number of tokens.</param>
    /// <param name="y">[count, width].</param>
    /// <param name="count">The number of rows wanted.</param>
    /// <param name="width">The row length.</param>
    public void Take(ArrayView<float> x, ArrayView<int> rows, ArrayView<float> y, int count, int width) => Forward(x, rows, y, count, width);

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
