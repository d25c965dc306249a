using Engine.Compute.Vector;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace Engine.Compute;

/// <summary>
/// Copies between memory of the processor and that of a GPU by the length of the views. ILGPU 1.5.3 copies as many bytes to and from OpenCL as the
/// processor's *buffer* has, however short the view of it is, and so overruns what lies behind the view on either end. Here a buffer of the view's own
/// length stands in for it.
/// </summary>
/// <remarks>Copies of arrays and spans (<c>CopyFromCPU</c>, <c>CopyToCPU</c>) do not need it: ILGPU makes a buffer of their own length.</remarks>
public static class ExactCopy
{
    /// <summary>Copies a view to one of the same length, each of any accelerator, and waits for it; neighbours of the target keep their values.</summary>
    /// <typeparam name="T">The element type.</typeparam>
    /// <param name="source">What is copied.</param>
    /// <param name="target">Where it goes; must not overlap <paramref name="source"/>.</param>
    /// <exception cref="ArgumentException">The views differ in length.</exception>
    /// <exception cref="ObjectDisposedException">A view's buffer is disposed.</exception>
    /// <exception cref="NotSupportedException">The views are of GPUs of different kinds.</exception>
    public static void CopyExactlyTo<T>(this ArrayView<T> source, ArrayView<T> target)
        where T : unmanaged
    {
        if (source.Length != target.Length)
        {
            throw new ArgumentException($"the target has {target.Length} elements, expected {source.Length}, as many as the source", nameof(target));
        }

        if (source.Length == 0)
        {
            return;
        }

        var (from, to) = (AcceleratorOf(source), AcceleratorOf(target));
        if (from.AcceleratorType == to.AcceleratorType)
        {
            source.CopyTo(from.DefaultStream, target);
            from.Synchronize();
        }
        else if (from.AcceleratorType == AcceleratorType.CPU)
        {
            using var exact = BufferOf(source);
            target.CopyFrom(to.DefaultStream, exact.AsArrayView<T>(0, source.Length));
            to.DefaultStream.Synchronize();
        }
        else if (to is VectorAccelerator)
        {
            // Its buffers copy exactly, and note what was written.
            target.CopyFrom(from.DefaultStream, source);
        }
        else if (to.AcceleratorType == AcceleratorType.CPU)
        {
            using var exact = BufferOf(target);
            source.CopyTo(from.DefaultStream, exact.AsArrayView<T>(0, target.Length));
            from.DefaultStream.Synchronize();
        }
        else
        {
            throw new NotSupportedException($"{from.Name} cannot copy to {to.Name}: copy to the processor's memory in between");
        }
    }

    /// <summary>A buffer that is a view of the processor's memory and nothing else; to be disposed when the copy has ended.</summary>
    /// <typeparam name="T">The element type.</typeparam>
    /// <param name="view">The view.</param>
    /// <returns>The buffer; the memory stays the view's.</returns>
    internal static CPUMemoryBuffer BufferOf<T>(in ArrayView<T> view)
        where T : unmanaged =>
        CPUMemoryBuffer.Create(view.GetAccelerator(), view.LoadEffectiveAddressAsPtr(), view.Length, ArrayView<T>.ElementSize);

    private static Accelerator AcceleratorOf<T>(in ArrayView<T> view)
        where T : unmanaged
    {
        var buffer = VectorMemoryBuffer.BufferOf(view);
        return !buffer.IsDisposed ? buffer.Accelerator
            : throw new ObjectDisposedException(nameof(MemoryBuffer), $"a buffer of {buffer.Accelerator.Name} is disposed; copy while it lives");
    }
}
