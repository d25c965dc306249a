using ILGPU;

namespace Engine.CompilerPage;

/// <summary>Kernels that were written to be read: the page shows what the compiler makes of them.</summary>
public static class PageKernels
{
    /// <summary>One level of a wavelet transform: a low-pass and a high-pass filter of two taps, both of which leave every other value out.</summary>
    /// <param name="x">The signal, [2 * threads].</param>
    /// <param name="taps">The taps of the low-pass filter, then those of the high-pass filter, [4].</param>
    /// <param name="low">[threads].</param>
    /// <param name="high">[threads].</param>
    public static void Wavelet(ArrayView<float> x, ArrayView<float> taps, ArrayView<float> low, ArrayView<float> high)
    {
        var window = SharedMemory.Allocate<float>(64);
        int lane = Group.IdxX;
        int first = Grid.IdxX * Group.DimX;
        window[lane] = x[2 * first + lane];
        window[Group.DimX + lane] = x[2 * first + Group.DimX + lane];
        Group.Barrier();
        var sums = new float[2];
        for (int tap = 0; tap < 2; tap++)
        {
            for (int filter = 0; filter < 2; filter++)
                sums[filter] += taps[2 * filter + tap] * window[2 * lane + tap];
        }

        low[first + lane] = sums[0];
        high[first + lane] = sums[1];
    }
}
