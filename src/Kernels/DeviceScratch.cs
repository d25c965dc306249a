using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>
/// A device buffer that an operation keeps for its intermediate results. It only ever grows, and only when a larger
/// problem than any before arrives, so that steady steps allocate nothing.
/// </summary>
/// <typeparam name="T">The element type.</typeparam>
internal sealed class DeviceScratch<T>(ComputeDevice device) : IDisposable
    where T : unmanaged
{
    private MemoryBuffer1D<T, Stride1D.Dense>? buffer;

    /// <summary>The buffer's first <paramref name="length"/> elements, with whatever they hold.</summary>
    /// <param name="length">The number of elements wanted, at least 1.</param>
    /// <returns>A view of exactly that length.</returns>
    public ArrayView<T> Take(long length)
    {
        if (buffer is null || buffer.Length < length)
        {
            if (buffer is not null)
            {
                // Kernels in flight may still use the smaller buffer.
                device.Synchronize();
                buffer.Dispose();
            }

            buffer = device.Accelerator.Allocate1D<T>(length);
        }

        ArrayView<T> view = buffer.View;
        return view.SubView(0, length);
    }

    /// <inheritdoc/>
    public void Dispose() => buffer?.Dispose();
}
