using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Benchmarks.SideBySide;

/// <summary>Numbers on a device, uniform in [-0.5, 0.5) or zero.</summary>
internal sealed class DeviceMatrix : IDisposable
{
    private readonly MemoryBuffer1D<float, Stride1D.Dense> buffer;

    /// <summary>Makes a matrix of random numbers.</summary>
    /// <param name="device">The device.</param>
    /// <param name="length">How many.</param>
    /// <param name="seed">Decides the numbers.</param>
    public DeviceMatrix(ComputeDevice device, int length, int seed)
        : this(device, length)
    {
        var random = new Random(seed);
        var values = new float[length];
        for (var i = 0; i < length; i++)
            values[i] = random.NextSingle() - 0.5f;
        buffer.CopyFromCPU(values);
    }

    /// <summary>Makes a matrix of zeros.</summary>
    /// <param name="device">The device.</param>
    /// <param name="length">How many.</param>
    public DeviceMatrix(ComputeDevice device, int length)
    {
        buffer = device.Accelerator.Allocate1D<float>(length);
        buffer.MemSetToZero();
        device.Synchronize();
    }

    /// <summary>Gets the numbers on the device.</summary>
    public ArrayView<float> View => buffer.View;

    /// <summary>Copies the numbers.</summary>
    /// <returns>The numbers.</returns>
    public float[] ToArray() => buffer.GetAsArray1D();

    /// <inheritdoc/>
    public void Dispose() => buffer.Dispose();
}
