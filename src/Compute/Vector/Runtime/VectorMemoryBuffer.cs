using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace Engine.Compute.Vector;

/// <summary>Memory of the vector accelerator: native memory aligned to a cache line, which is also the widest vector.</summary>
internal sealed unsafe class VectorMemoryBuffer : MemoryBuffer
{
    /// <summary>Alignment of a buffer in bytes.</summary>
    public const int Alignment = 64;

    /// <summary>Allocates a buffer; its content is undefined, as on any accelerator.</summary>
    /// <param name="accelerator">The accelerator.</param>
    /// <param name="length">Elements.</param>
    /// <param name="elementSize">Bytes of an element.</param>
    /// <exception cref="ComputeException">The memory is not available.</exception>
    public VectorMemoryBuffer(Accelerator accelerator, long length, int elementSize)
        : base(accelerator, length, elementSize)
    {
        try
        {
            NativePtr = (IntPtr)NativeMemory.AlignedAlloc((nuint)Math.Max(LengthInBytes, Alignment), Alignment);
        }
        catch (OutOfMemoryException exception)
        {
            throw new ComputeException($"{accelerator.Name} has no {LengthInBytes:N0} bytes of memory left for a buffer: use a smaller batch or close other programs", exception);
        }
    }

    /// <inheritdoc/>
    protected override void MemSet(AcceleratorStream stream, byte value, in ArrayView<byte> targetView) =>
        CPUMemoryBuffer.CPUMemSet(targetView.LoadEffectiveAddressAsPtr(), value, 0, targetView.LengthInBytes);

    /// <inheritdoc/>
    protected override void CopyFrom(AcceleratorStream stream, in ArrayView<byte> sourceView, in ArrayView<byte> targetView) =>
        CPUMemoryBuffer.CPUCopyFrom(stream, sourceView, targetView);

    /// <inheritdoc/>
    protected override void CopyTo(AcceleratorStream stream, in ArrayView<byte> sourceView, in ArrayView<byte> targetView) =>
        CPUMemoryBuffer.CPUCopyTo(stream, sourceView, targetView);

    /// <inheritdoc/>
    protected override void DisposeAcceleratorObject(bool disposing)
    {
        NativeMemory.AlignedFree((void*)NativePtr);
        NativePtr = IntPtr.Zero;
    }
}
