using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>The second half of every reduction over tokens: adds the sums of fixed-size chunks in chunk order.</summary>
internal sealed class ChunkSum(ComputeDevice device)
{
    private Action<KernelConfig, int, int, int, int, ArrayView<float>, ArrayView<float>>? kernel;

    /// <summary>sum[c] = (accumulate ? sum[c] : 0) + partials[0, c] + partials[1, c] + ...</summary>
    /// <param name="partials">[chunks, stride], of which columns <paramref name="first"/> up to first + columns are summed.</param>
    /// <param name="sum">[columns].</param>
    /// <param name="chunks">The number of chunks.</param>
    /// <param name="stride">Elements from one chunk's sums to the next one's.</param>
    /// <param name="first">The first column to sum.</param>
    /// <param name="columns">The number of columns to sum.</param>
    /// <param name="accumulate">Whether to add to what <paramref name="sum"/> holds.</param>
    public void Run(ArrayView<float> partials, ArrayView<float> sum, int chunks, int stride, int first, int columns, bool accumulate)
    {
        kernel ??= device.LoadOnce(Kernel, KernelLoaders.LoadStreamKernel);
        int size = device.Tiles.RowGroupSize;
        var shape = new KernelConfig((columns + size - 1) / size, size);
        kernel(shape, chunks, stride, columns, accumulate ? 1 : 0, partials.SubView(first), sum);
    }

    [Kernel]
    private static void Kernel(int chunks, int stride, int columns, int accumulate, ArrayView<float> partials, ArrayView<float> sum)
    {
        int column = Grid.IdxX * Group.DimX + Group.IdxX;
        if (column < columns)
        {
            float total = 0f;
            for (int chunk = 0; chunk < chunks; chunk++)
                total += partials[chunk * stride + column];
            if (accumulate != 0)
                total += sum[column];
            sum[column] = total;
        }
    }
}
