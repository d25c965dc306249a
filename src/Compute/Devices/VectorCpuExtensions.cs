using ILGPU;
using ILGPU.Runtime;

namespace Engine.Compute;

/// <summary>The vector CPU for programs that make their ILGPU contexts themselves.</summary>
public static class VectorCpuExtensions
{
    /// <summary>Opens the vector CPU in a context of the caller's, which may have accelerators of every other kind.</summary>
    /// <param name="context">The context; it outlives the accelerator.</param>
    /// <param name="options">How the device is opened; null for the defaults.</param>
    /// <returns>The accelerator.</returns>
    /// <exception cref="ComputeException">The machine lacks what the options ask for.</exception>
    public static Accelerator CreateVectorCpuAccelerator(this Context context, ComputeDeviceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        return VectorDevices.Create(options ?? new ComputeDeviceOptions()).CreateAccelerator(context);
    }
}
