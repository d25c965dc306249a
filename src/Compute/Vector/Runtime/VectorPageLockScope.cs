using ILGPU.Runtime;

namespace Engine.Compute.Vector;

/// <summary>The page lock of an array that the processor reads in place: nothing needs locking.</summary>
/// <typeparam name="T">Element type.</typeparam>
internal sealed class VectorPageLockScope<T> : PageLockScope<T>
    where T : unmanaged
{
    /// <summary>Makes the scope.</summary>
    /// <param name="accelerator">The accelerator.</param>
    /// <param name="pinned">Address of the pinned array.</param>
    /// <param name="length">Elements of the array.</param>
    public VectorPageLockScope(Accelerator accelerator, IntPtr pinned, long length)
        : base(accelerator, length) => AddrOfLockedObject = pinned;

    /// <inheritdoc/>
    protected override void DisposeAcceleratorObject(bool disposing)
    {
    }
}
