using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>
/// The L2 norm of a whole gradient arena and the factor that clips it, both left on the device, so that the optimizer
/// follows without a round trip to the host. The order of summation is fixed by the device's row group size alone.
/// </summary>
/// <param name="device">The device to run on.</param>
public sealed class GradientNorm(ComputeDevice device) : IDisposable
{
    /// <summary>Elements whose squares one group sums.</summary>
    public const int ElementsPerChunk = 8192;

    private readonly DeviceScratch<float> partials = new(device);
    private Action<KernelConfig, int, ArrayView<float>, ArrayView<float>>? squares;
    private Action<KernelConfig, int, float, ArrayView<float>, ArrayView<float>>? combine;

    /// <summary>Makes room for an arena of this size now, so that no later call allocates.</summary>
    /// <param name="count">The largest number of gradients to come.</param>
    public void Reserve(int count) => partials.Take(Math.Max(1, Chunks(count)));

    /// <summary>
    /// result[0] = the norm; result[1] = min(1, maxNorm / (norm + 1e-6)), as PyTorch's <c>clip_grad_norm_</c> has it (1 where
    /// <paramref name="maxNorm"/> is 0: no clipping). A norm that is not finite stays visible in result[0].
    /// </summary>
    /// <param name="gradients">The arena, at least <paramref name="count"/> floats; padding must be 0.</param>
    /// <param name="result">Two floats.</param>
    /// <param name="count">The number of gradients, at least 1.</param>
    /// <param name="maxNorm">The largest norm that passes unchanged; 0 switches clipping off.</param>
    public void Run(ArrayView<float> gradients, ArrayView<float> result, int count, float maxNorm)
    {
        using var measured = device.Profile?.Begin("gradient norm", 0, sizeof(float) * (double)count);
        int chunks = Chunks(count);
        var sums = partials.Take(chunks);
        int size = device.Tiles.RowGroupSize;
        squares ??= device.LoadOnce(SquaresKernel, KernelLoaders.LoadStreamKernel);
        squares(new KernelConfig(chunks, size), count, gradients, sums);
        combine ??= device.LoadOnce(CombineKernel, KernelLoaders.LoadStreamKernel);
        combine(new KernelConfig(1, size), chunks, maxNorm, sums, result);
    }

    /// <inheritdoc/>
    public void Dispose() => partials.Dispose();

    private static int Chunks(int count) => (count + ElementsPerChunk - 1) / ElementsPerChunk;

    [Kernel]
    private static void SquaresKernel(int count, ArrayView<float> gradients, ArrayView<float> sums)
    {
        var shared = SharedMemory.Allocate<float>(GroupReduction.MaxGroupSize);
        int lane = Group.IdxX;
        int size = Group.DimX;
        int first = Grid.IdxX * ElementsPerChunk;
        float sum0 = 0f;
        float sum1 = 0f;
        float sum2 = 0f;
        float sum3 = 0f;
        if (first + ElementsPerChunk <= count)
        {
            for (int c = 0; c < ElementsPerChunk; c += size * 4)
            {
                int i = first + c + lane;
                float g0 = gradients[i];
                float g1 = gradients[i + size];
                float g2 = gradients[i + size * 2];
                float g3 = gradients[i + size * 3];
                sum0 += g0 * g0;
                sum1 += g1 * g1;
                sum2 += g2 * g2;
                sum3 += g3 * g3;
            }
        }
        else
        {
            for (int c = first; c < count; c += size)
            {
                if (c + lane < count)
                {
                    float g = gradients[c + lane];
                    sum0 += g * g;
                }
            }
        }

        float sum = GroupReduction.Sum((sum0 + sum1) + (sum2 + sum3), shared);
        if (lane == 0)
            sums[Grid.IdxX] = sum;
    }

    [Kernel]
    private static void CombineKernel(int chunks, float maxNorm, ArrayView<float> sums, ArrayView<float> result)
    {
        var shared = SharedMemory.Allocate<float>(GroupReduction.MaxGroupSize);
        int lane = Group.IdxX;
        float sum = 0f;
        float lost = 0f;
        for (int c = 0; c < chunks; c += Group.DimX)
        {
            if (c + lane < chunks)
            {
                // Compensated (Kahan): a large model has tens of thousands of chunks.
                float y = sums[c + lane] - lost;
                float t = sum + y;
                lost = (t - sum) - y;
                sum = t;
            }
        }

        float norm = MathF.Sqrt(GroupReduction.Sum(sum, shared));
        if (lane == 0)
        {
            float factor = maxNorm / (norm + 1e-6f);
            result[0] = norm;
            result[1] = maxNorm > 0f ? (factor > 1f ? 1f : factor) : 1f;
        }
    }
}
