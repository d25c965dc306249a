using System.Reflection;
using ILGPU.Runtime;

namespace Engine.Compute;

/// <summary>
/// The launchers of the kernels that were loaded on an accelerator, each loaded once and kept until the device is closed. ILGPU's own cache lets go of
/// kernels whose launchers nobody holds, and a launcher with <see cref="SpecializedValue{T}"/> parameters is all that knows what it was specialized on:
/// without this every model would compile its kernels anew, and what is emitted for them would add up. Safe from any thread.
/// </summary>
/// <param name="accelerator">The accelerator that the kernels are loaded on.</param>
internal sealed class LoadedKernels(Accelerator accelerator)
{
    // One load at a time, as in ILGPU: what is emitted twice is not freed.
    private readonly Lock loading = new();
    private readonly Dictionary<(MethodInfo Kernel, MethodInfo Load, Type Launcher), Delegate> launchers = [];
    private bool isClosed;

    /// <summary>Returns the launcher of a kernel, loading it at the first request.</summary>
    /// <typeparam name="TKernel">The kernel's signature.</typeparam>
    /// <typeparam name="TLauncher">The launcher's signature.</typeparam>
    /// <param name="kernel">The kernel's method.</param>
    /// <param name="load">Loads it.</param>
    /// <returns>The launcher.</returns>
    /// <exception cref="ObjectDisposedException">The device is closed.</exception>
    public TLauncher Get<TKernel, TLauncher>(TKernel kernel, Func<Accelerator, TKernel, TLauncher> load)
        where TKernel : Delegate
        where TLauncher : Delegate
    {
        var key = (kernel.Method, load.Method, typeof(TLauncher));
        lock (loading)
        {
            if (isClosed)
                throw new ObjectDisposedException(accelerator.Name, $"kernel {kernel.Method.Name}: {accelerator.Name} is closed; load while it is open");
            if (!launchers.TryGetValue(key, out var launcher))
                launchers.Add(key, launcher = load(accelerator, kernel));
            return (TLauncher)launcher;
        }
    }

    /// <summary>Lets go of all launchers, so that what still holds the closed device does not hold its code. Nothing is loaded afterwards.</summary>
    public void Close()
    {
        lock (loading)
        {
            isClosed = true;
            launchers.Clear();
        }
    }
}
