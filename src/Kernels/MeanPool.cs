using Engine.Compute;
using ILGPU;

namespace Engine.Kernels;

/// <summary>The mean of every sequence's rows in a packed batch; backward, each token gets the sequence's gradient divided by its length.</summary>
/// <param name="device">The device to run on.</param>
public sealed class MeanPool(ComputeDevice device) : SequencePooling(device, ForwardKernel, BackwardKernel)
{
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
