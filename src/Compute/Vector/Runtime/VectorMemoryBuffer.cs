using System.Runtime.InteropServices;
using Engine.Compute.Vector.Checked;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace Engine.Compute.Vector;

/// <summary>Memory of the vector accelerator: native memory aligned to a cache line, which is also the widest vector.</summary>
internal sealed unsafe class VectorMemoryBuffer : MemoryBuffer
{
    /// <summary>Alignment of a buffer in bytes.</summary>
    public const int Alignment = 64;

    /// <summary>What unwritten memory holds in checked mode: as a float, no number.</summary>
    private const byte Unwritten = 0xFF;

    private readonly NativeAllocations allocations;
    private readonly MemoryMap? map;

    /// <summary>Allocates a buffer; its content is undefined, as on any accelerator.</summary>
    /// <param name="accelerator">The accelerator.</param>
    /// <param name="length">Elements.</param>
    /// <param name="elementSize">Bytes of an element.</param>
    /// <exception cref="ComputeException">The memory is not available.</exception>
    /// <exception cref="ObjectDisposedException">The accelerator is disposed.</exception>
    public VectorMemoryBuffer(VectorAccelerator accelerator, long length, int elementSize)
        : base(accelerator, length, elementSize)
    {
        allocations = accelerator.Allocations;
        try
        {
            NativePtr = allocations.Allocate((nuint)Math.Max(LengthInBytes, Alignment), Alignment)
                ?? throw new ObjectDisposedException(accelerator.Name, $"{accelerator.Name} is disposed; allocate while it is open");
        }
        catch (OutOfMemoryException exception)
        {
            throw new ComputeException($"{accelerator.Name} has no {LengthInBytes:N0} bytes of memory left for a buffer: use a smaller batch or close other programs", exception);
        }

        map = accelerator.Checks?.Memory;
        if (map is not null)
        {
            NativeMemory.Fill((void*)NativePtr, (nuint)LengthInBytes, Unwritten);
            map.Add((byte*)NativePtr, LengthInBytes, elementSize, isWritten: false);
        }
    }

    /// <summary>The buffer of a view, without a box.</summary>
    public static MemoryBuffer BufferOf<TView>(TView view)
        where TView : struct, IArrayView => view.Buffer;

    /// <inheritdoc/>
    protected override void MemSet(AcceleratorStream stream, byte value, in ArrayView<byte> targetView)
    {
        RequireAlive(this);
        CPUMemoryBuffer.CPUMemSet(targetView.LoadEffectiveAddressAsPtr(), value, 0, targetView.LengthInBytes);
        MarkWritten(targetView);
    }

    /// <inheritdoc/>
    protected override void CopyFrom(AcceleratorStream stream, in ArrayView<byte> sourceView, in ArrayView<byte> targetView)
    {
        RequireAlive(this);
        RequireAlive(BufferOf(sourceView));
        if (sourceView.GetAcceleratorType() == AcceleratorType.CPU)
        {
            CPUMemoryBuffer.CPUCopyFrom(stream, sourceView, targetView);
            MarkWritten(targetView);
            return;
        }

        using var target = ExactCopy.BufferOf(targetView);
        var device = StreamOf(sourceView, stream);
        CPUMemoryBuffer.CPUCopyFrom(device, sourceView, target.AsRawArrayView());
        device.Synchronize();
        MarkWritten(targetView);
    }

    /// <inheritdoc/>
    protected override void CopyTo(AcceleratorStream stream, in ArrayView<byte> sourceView, in ArrayView<byte> targetView)
    {
        RequireAlive(this);
        RequireAlive(BufferOf(targetView));
        if (targetView.GetAcceleratorType() == AcceleratorType.CPU)
        {
            CPUMemoryBuffer.CPUCopyTo(stream, sourceView, targetView);
            MarkWritten(targetView);
            return;
        }

        using var source = ExactCopy.BufferOf(sourceView);
        var device = StreamOf(targetView, stream);
        CPUMemoryBuffer.CPUCopyTo(device, source.AsRawArrayView(), targetView);
        device.Synchronize();
    }

    /// <inheritdoc/>
    protected override void DisposeAcceleratorObject(bool disposing)
    {
        map?.Remove((byte*)NativePtr);
        allocations?.Free(NativePtr);
        NativePtr = IntPtr.Zero;
    }

    private static void RequireAlive(MemoryBuffer buffer)
    {
        if (buffer.IsDisposed)
        {
            throw new ObjectDisposedException(nameof(MemoryBuffer), $"a buffer of {buffer.Accelerator.Name} is disposed; copy and fill it while it lives");
        }
    }

    /// <summary>Only a stream of the other accelerator can copy; callers that name none have one of this accelerator.</summary>
    private static AcceleratorStream StreamOf(in ArrayView<byte> view, AcceleratorStream stream)
    {
        var accelerator = view.GetAccelerator();
        return stream.Accelerator == accelerator ? stream : accelerator.DefaultStream;
    }

    /// <summary>Notes what the host wrote; the target of a copy may be any memory of the processor.</summary>
    private void MarkWritten(in ArrayView<byte> target)
    {
        if (map is not null && target.Length > 0) map.MarkWritten((byte*)target.LoadEffectiveAddressAsPtr(), target.LengthInBytes);
    }
}
