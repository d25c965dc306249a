using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>
/// The buffers of one check. Outputs hold NaN before the kernel runs, so that an element that it forgets is seen, and end in a
/// guard that it must not touch.
/// </summary>
internal sealed class DeviceBuffers(ComputeDevice device) : IDisposable
{
    private const int GuardLength = 64;
    private const float Guard = -12345.5f;

    private readonly List<MemoryBuffer> buffers = [];
    private readonly Dictionary<MemoryBuffer, MemoryBuffer1D<float, Stride1D.Dense>> owners = [];

    /// <summary>The device.</summary>
    public ComputeDevice Device => device;

    /// <summary>Uploads values; the view has a guard behind it.</summary>
    public ArrayView<float> Of(params float[] values)
    {
        var padded = new float[values.Length + GuardLength];
        values.CopyTo(padded, 0);
        Array.Fill(padded, Guard, values.Length, GuardLength);
        var buffer = device.Accelerator.Allocate1D(padded);
        buffers.Add(buffer);
        ArrayView<float> view = buffer.View;
        owners[BufferOf(view)] = buffer;
        return view.SubView(0, values.Length);
    }

    /// <summary>Uploads integers.</summary>
    public ArrayView<int> Of(params int[] values)
    {
        var buffer = device.Accelerator.Allocate1D(values.Length > 0 ? values : [0]);
        buffers.Add(buffer);
        ArrayView<int> view = buffer.View;
        return view.SubView(0, values.Length);
    }

    /// <summary>Room for results.</summary>
    public ArrayView<float> Out(int length)
    {
        var poison = new float[length];
        Array.Fill(poison, float.NaN);
        return Of(poison);
    }

    /// <summary>Waits for the device and reads a view that this class gave, its guard checked.</summary>
    /// <exception cref="KernelMismatchException">Something wrote behind the end of the view.</exception>
    public float[] Read(ArrayView<float> view)
    {
        device.Synchronize();
        var all = owners[BufferOf(view)].GetAsArray1D();
        int length = all.Length - GuardLength;
        for (int i = length; i < all.Length; i++)
        {
            if (all[i] != Guard)
                throw new KernelMismatchException(new Mismatch(string.Empty, $"element {i}, behind the end of a result of {length},", all[i], Guard, 0, 1, GuardLength));
        }

        return all[..length];
    }

    /// <summary>Waits for the device and reads integers.</summary>
    public int[] Read(ArrayView<int> view)
    {
        var values = new int[view.Length];
        view.CopyToCPU(device.Stream, values);
        device.Synchronize();
        return values;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var buffer in buffers)
            buffer.Dispose();
    }

    private static MemoryBuffer BufferOf(ArrayView<float> view) => ((IContiguousArrayView)view).Buffer;
}
