namespace Engine.Compute.Vector.Import;

/// <summary>A kernel uses something that the vector accelerator does not run. Thrown when the kernel is loaded, never later.</summary>
/// <param name="kernel">Kernel that was being loaded.</param>
/// <param name="reason">What it uses, and where.</param>
public sealed class UnsupportedKernelException(string kernel, string reason)
    : NotSupportedException($"Kernel '{kernel}' cannot run on the vector accelerator: {reason}");
