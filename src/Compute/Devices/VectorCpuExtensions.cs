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
    /// <exception cref="ComputeException">The machine lacks what the options ask for, or checked mode is asked for in a context without assertions.</exception>
    public static Accelerator CreateVectorCpuAccelerator(this Context context, ComputeDeviceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (options is { Checked: true } && !context.Properties.EnableAssertions)
            throw new ComputeException("checked mode needs a context that keeps assertions: make it with Context.Create(builder => builder.Default().Assertions())");
        return VectorDevices.Create(options ?? new ComputeDeviceOptions()).CreateAccelerator(context);
    }
}
