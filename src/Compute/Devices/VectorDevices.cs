using Engine.Compute.Vector;
using Engine.Compute.Vector.Checked;

namespace Engine.Compute;

/// <summary>Makes the vector CPU.</summary>
internal static class VectorDevices
{
    /// <summary>Makes the vector CPU as its options ask.</summary>
    /// <param name="options">Threads, width and arithmetic.</param>
    /// <returns>The device.</returns>
    /// <exception cref="ComputeException">The machine lacks what the options ask for.</exception>
    public static VectorDevice Create(ComputeDeviceOptions options)
    {
        var device = new VectorDevice(
            options.Compiler ?? new VectorCompiler(), options.Threads, options.VectorBits, options.Contraction,
            options.Checked ? new CheckOptions(options.ThreadOrder, options.ThreadOrderSeed) : null);
        if (options.MaxGroupSize != 0 || options.SharedMemoryBytes != 0)
        {
            device.Limit(options.MaxGroupSize, options.SharedMemoryBytes);
        }

        return device;
    }
}
