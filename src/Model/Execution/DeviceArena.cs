using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Model;

/// <summary>
/// One device buffer that is planned first and allocated once: places are reserved, then <see cref="Allocate"/> gives them memory. Places
/// that are never used at the same time can be one place.
/// </summary>
/// <param name="device">The device that the memory is on.</param>
internal sealed class DeviceArena(ComputeDevice device) : IDisposable
{
    // 64 bytes: a full vector, a cache line.
    private const int Alignment = 16;

    private MemoryBuffer1D<float, Stride1D.Dense>? buffer;
    private long length;

    /// <summary>The bytes reserved so far.</summary>
    public long ByteCount => length * sizeof(float);

    /// <summary>Reserves a place.</summary>
    /// <param name="count">Its elements.</param>
    public ArenaPlace Reserve(long count)
    {
        var place = new ArenaPlace(this, length, count);
        length += (count + Alignment - 1) / Alignment * Alignment;
        return place;
    }

    /// <summary>Allocates memory for all places, which holds anything until <see cref="Clear"/>.</summary>
    /// <exception cref="ModelException">The device has too little memory.</exception>
    public void Allocate()
    {
        if (length == 0)
            return;
        try
        {
            buffer = device.Accelerator.Allocate1D<float>(length);
        }
        catch (Exception exception) when (exception is OutOfMemoryException or AcceleratorException)
        {
            throw new ModelException(
                $"{device.Name}: cannot allocate {ByteCount >> 20} MB for activations ({exception.Message}); choose a smaller batch or length", exception);
        }
    }

    /// <summary>Sets all places to 0.</summary>
    public void Clear() => buffer?.View.BaseView.MemSetToZero(device.Stream);

    /// <summary>The memory of a place.</summary>
    public ArrayView<float> View(long offset, long count) =>
        buffer?.View.BaseView.SubView(offset, count) ?? throw new InvalidOperationException("The arena is not allocated yet.");

    /// <inheritdoc/>
    public void Dispose() => buffer?.Dispose();
}

/// <summary>A part of a <see cref="DeviceArena"/>.</summary>
/// <param name="arena">The arena.</param>
/// <param name="offset">Its first element.</param>
/// <param name="count">Its elements.</param>
internal sealed class ArenaPlace(DeviceArena arena, long offset, long count)
{
    /// <summary>The memory, once the arena is allocated.</summary>
    public ArrayView<float> View => arena.View(offset, count);
}
