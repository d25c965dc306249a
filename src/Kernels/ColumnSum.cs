using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>
/// Sums over the rows of a [rows, columns] matrix: the gradient of a bias. Rows are summed in chunks of
/// <see cref="RowsPerChunk"/>, whose sums are added in order, so that the result does not depend on how the work is spread.
/// </summary>
/// <param name="device">The device to run on.</param>
public sealed class ColumnSum(ComputeDevice device) : IDisposable
{
    /// <summary>Rows that are summed one after another before chunks are combined.</summary>
    public const int RowsPerChunk = 64;

    private const int ColumnsPerThread = 4;

    private readonly DeviceScratch<float> partials = new(device);
    private readonly ChunkSum chunkSum = new(device);
    private Action<KernelConfig, int, int, ArrayView<float>, ArrayView<float>>? kernel;

    /// <summary>Makes room for sums of up to this size now, so that no later call allocates.</summary>
    /// <param name="rows">The largest number of rows to come.</param>
    /// <param name="columns">The largest number of columns to come.</param>
    public void Reserve(int rows, int columns) => partials.Take(Math.Max(1L, (long)Chunks(rows) * columns));

    /// <summary>sum[c] = (accumulate ? sum[c] : 0) + sum over r of x[r, c].</summary>
    /// <param name="x">[rows, columns].</param>
    /// <param name="sum">[columns].</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="columns">The number of columns.</param>
    /// <param name="accumulate">Whether to add to what <paramref name="sum"/> holds.</param>
    public void Run(ArrayView<float> x, ArrayView<float> sum, int rows, int columns, bool accumulate)
    {
        if (columns == 0)
            return;
        using var measured = device.Profile?.Begin("column sum (bias gradient)", 0, sizeof(float) * (((double)rows * columns) + (accumulate ? 2 * columns : columns)));
        int chunks = Chunks(rows);
        bool direct = chunks == 1 && !accumulate;
        var target = direct ? sum : partials.Take(Math.Max(1L, (long)chunks * columns));
        if (chunks > 0)
        {
            kernel ??= device.LoadOnce(ChunkKernel, KernelLoaders.LoadStreamKernel);
            int size = device.Tiles.RowGroupSize;
            int strip = size * ColumnsPerThread;
            var shape = new KernelConfig(new Index3D((columns + strip - 1) / strip, chunks, 1), new Index3D(size, 1, 1));
            kernel(shape, rows, columns, x, target);
        }

        if (!direct)
            chunkSum.Run(target, sum, chunks, columns, 0, columns, accumulate);
    }

    /// <inheritdoc/>
    public void Dispose() => partials.Dispose();

    private static int Chunks(int rows) => (rows + RowsPerChunk - 1) / RowsPerChunk;

    /// <summary>One group: a strip of columns, contiguous across threads, over one chunk of rows.</summary>
    [Kernel]
    private static void ChunkKernel(int rows, int columns, ArrayView<float> x, ArrayView<float> partials)
    {
        int lane = Group.IdxX;
        int size = Group.DimX;
        int first = Grid.IdxX * size * ColumnsPerThread;
        int chunk = Grid.IdxY;
        int row = chunk * RowsPerChunk;
        int end = IntrinsicMath.Min(row + RowsPerChunk, rows);
        if (first + size * ColumnsPerThread <= columns)
        {
            float sum0 = 0f;
            float sum1 = 0f;
            float sum2 = 0f;
            float sum3 = 0f;
            for (; row < end; row++)
            {
                int i = row * columns + first + lane;
                sum0 += x[i];
                sum1 += x[i + size];
                sum2 += x[i + size * 2];
                sum3 += x[i + size * 3];
            }

            int o = chunk * columns + first + lane;
            partials[o] = sum0;
            partials[o + size] = sum1;
            partials[o + size * 2] = sum2;
            partials[o + size * 3] = sum3;
        }
        else
        {
            for (int c = first; c < columns; c += size)
            {
                if (c + lane < columns)
                {
                    float sum = 0f;
                    for (int r = row; r < end; r++)
                        sum += x[r * columns + c + lane];
                    partials[chunk * columns + c + lane] = sum;
                }
            }
        }
    }
}
