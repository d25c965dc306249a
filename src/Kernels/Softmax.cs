using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>Softmax over each row of a [rows, columns] matrix, forward and backward.</summary>
/// <param name="device">The device to run on.</param>
public sealed class Softmax(ComputeDevice device)
{
    private Action<KernelConfig, int, int, ArrayView<float>, ArrayView<float>>? forward;
    private Action<KernelConfig, int, int, ArrayView<float>, ArrayView<float>, ArrayView<float>>? backward;

    /// <summary>y[r, c] = e^(x[r, c] - max) / sum over c.</summary>
    /// <param name="x">[rows, columns].</param>
    /// <param name="y">[rows, columns]; may be <paramref name="x"/>.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="columns">The row length, at least 1.</param>
    public void Forward(ArrayView<float> x, ArrayView<float> y, int rows, int columns)
    {
        if (rows == 0)
            return;
        forward ??= device.LoadOnce(ForwardKernel, KernelLoaders.LoadStreamKernel);
        forward(RowLaunch.Shape(device, rows), rows, columns, x, y);
    }

    /// <summary>dx[r, c] = y[r, c] (dy[r, c] - sum over k of dy[r, k] y[r, k]).</summary>
    /// <param name="y">The forward pass's results, [rows, columns].</param>
    /// <param name="dy">Their gradient.</param>
    /// <param name="dx">The inputs' gradient; may be <paramref name="dy"/>.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="columns">The row length, at least 1.</param>
    public void Backward(ArrayView<float> y, ArrayView<float> dy, ArrayView<float> dx, int rows, int columns)
    {
        if (rows == 0)
            return;
        backward ??= device.LoadOnce(BackwardKernel, KernelLoaders.LoadStreamKernel);
        backward(RowLaunch.Shape(device, rows), rows, columns, y, dy, dx);
    }

    /// <summary>The largest element of a row. Every thread of the group calls it.</summary>
    internal static float Largest(int offset, int columns, ArrayView<float> x, ArrayView<float> shared)
    {
        int lane = Group.IdxX;
        int size = Group.DimX;
        int full = columns & ~(size - 1);
        float max = float.NegativeInfinity;
        for (int c = 0; c < full; c += size)
            max = MathF.Max(x[offset + c + lane], max);
        if (full + lane < columns)
            max = MathF.Max(x[offset + full + lane], max);
        return GroupReduction.Max(max, shared);
    }

    /// <summary>
    /// One row: writes e^(x - max) to <paramref name="y"/> and gives the maximum and the sum. Every thread of the group calls it.
    /// </summary>
    internal static (float Max, float Sum) Exponentials(
        int offset, int columns, ArrayView<float> x, ArrayView<float> y, ArrayView<float> shared)
    {
        int lane = Group.IdxX;
        int size = Group.DimX;
        int full = columns & ~(size - 1);
        float max = Largest(offset, columns, x, shared);

        float sum = 0f;
        for (int c = 0; c < full; c += size)
        {
            float e = DeviceMath.ExpNonPositive(x[offset + c + lane] - max);
            y[offset + c + lane] = e;
            sum += e;
        }

        if (full + lane < columns)
        {
            float e = DeviceMath.ExpNonPositive(x[offset + full + lane] - max);
            y[offset + full + lane] = e;
            sum += e;
        }

        return (max, GroupReduction.Sum(sum, shared));
    }

    [Kernel]
    private static void ForwardKernel(int rows, int columns, ArrayView<float> x, ArrayView<float> y)
    {
        var shared = SharedMemory.Allocate<float>(GroupReduction.MaxGroupSize);
        int lane = Group.IdxX;
        int size = Group.DimX;
        int first = Grid.IdxX * RowLaunch.RowsPerGroup;
        int end = IntrinsicMath.Min(first + RowLaunch.RowsPerGroup, rows);
        for (int row = first; row < end; row++)
        {
            int offset = row * columns;
            var (_, sum) = Exponentials(offset, columns, x, y, shared);
            float scale = 1f / sum;
            int full = columns & ~(size - 1);
            for (int c = 0; c < full; c += size)
                y[offset + c + lane] *= scale;
            if (full + lane < columns)
                y[offset + full + lane] *= scale;
        }
    }

    [Kernel]
    private static void BackwardKernel(int rows, int columns, ArrayView<float> y, ArrayView<float> dy, ArrayView<float> dx)
    {
        var shared = SharedMemory.Allocate<float>(GroupReduction.MaxGroupSize);
        int lane = Group.IdxX;
        int size = Group.DimX;
        int first = Grid.IdxX * RowLaunch.RowsPerGroup;
        int end = IntrinsicMath.Min(first + RowLaunch.RowsPerGroup, rows);
        for (int row = first; row < end; row++)
        {
            int offset = row * columns;
            int full = columns & ~(size - 1);
            float dot = 0f;
            for (int c = 0; c < full; c += size)
                dot += y[offset + c + lane] * dy[offset + c + lane];
            if (full + lane < columns)
                dot += y[offset + full + lane] * dy[offset + full + lane];
            dot = GroupReduction.Sum(dot, shared);
            for (int c = 0; c < full; c += size)
                dx[offset + c + lane] = y[offset + c + lane] * (dy[offset + c + lane] - dot);
            if (full + lane < columns)
                dx[offset + full + lane] = y[offset + full + lane] * (dy[offset + full + lane] - dot);
        }
    }
}
