using System.Collections.Immutable;
using System.Diagnostics;
using System.Reflection;
using Engine.Compute.Vector.Checked;
using ILGPU;
using ILGPU.Backends.EntryPoints;
using ILGPU.Runtime;

namespace Engine.Compute.Vector;

/// <summary>
/// An ILGPU accelerator that runs kernels on the processor's vector units: the threads of a group are the lanes of vectors, the
/// groups of a launch are spread over a pool of threads. Launches return when they have finished.
/// </summary>
internal sealed class VectorAccelerator : KernelAccelerator<VectorCompiledKernel, VectorKernel>
{
    /// <summary>Group size of implicitly grouped kernels for which the caller names none.</summary>
    private const int AutomaticGroupSize = 256;

    private readonly WorkerPool pool;
    private int compiledKernels;
    private ImmutableSortedSet<string> threadKernels = [];

    /// <summary>Opens the accelerator.</summary>
    /// <param name="context">The ILGPU context.</param>
    /// <param name="device">The device.</param>
    /// <param name="compiler">Compiles the kernels that are loaded.</param>
    public VectorAccelerator(Context context, VectorDevice device, IVectorCompiler compiler)
        : base(context, device)
    {
        // ILGPU takes a zero pointer for an accelerator that was disposed.
        NativePtr = new IntPtr(1);
        DefaultStream = CreateStreamInternal();
        pool = new WorkerPool(device.Threads);

        // Comes before ILGPU disposes the buffers: a launch under way on another thread ends first.
        Disposed += (_, _) => pool.Dispose();
        if (device.Checks is not null)
        {
            Checks = new CheckedMode(device.Checks);
            IlgpuInternals.KeepSourceLines(context);
        }

        VectorBackend = new VectorBackend(context, device, compiler, device.Options with { Checks = Checks });
        Bind();
        Init(VectorBackend);
    }

    /// <summary>Gets the back end.</summary>
    public VectorBackend VectorBackend { get; }

    /// <summary>Gets the memory of its buffers.</summary>
    public NativeAllocations Allocations { get; } = new();

    /// <summary>Gets the checked mode; null where nothing is checked.</summary>
    public CheckedMode? Checks { get; }

    /// <summary>Gets how many threads run a launch, the launching one included.</summary>
    public int Threads => pool.Threads;

    /// <summary>Gets or sets where the time of every launch is entered; null for nowhere.</summary>
    public LaunchProfile? Profile { get; set; }

    /// <summary>Gets how many kernels were compiled, each group shape by itself.</summary>
    public int CompiledKernels => compiledKernels;

    /// <summary>Gets the kernels that were compiled to run thread by thread.</summary>
    public ImmutableSortedSet<string> ThreadKernels => threadKernels;

    /// <summary>Compiles a kernel outside of any launch, and writes ILGPU's IR of it.</summary>
    /// <param name="entry">The kernel.</param>
    /// <param name="source">Where its IR goes.</param>
    /// <returns>The imported kernel.</returns>
    public IVectorProgram CompileForDump(in EntryPointDescription entry, TextWriter source)
    {
        VectorBackend.SourceListing = source;
        try
        {
            return ((VectorCompiledKernel)VectorBackend.Compile(entry, default)).Program;
        }
        finally
        {
            VectorBackend.SourceListing = null;
        }
    }

    /// <summary>Runs a launch to its end.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="arguments">The argument block.</param>
    /// <param name="launch">The dimensions, which are checked here.</param>
    /// <exception cref="ArgumentOutOfRangeException">A dimension, or the shared memory, is out of the device's limits.</exception>
    /// <exception cref="ObjectDisposedException">The accelerator is disposed.</exception>
    public unsafe void Launch(VectorKernel kernel, byte* arguments, ref LaunchInfo launch)
    {
        if (pool.IsDisposed)
        {
            throw new ObjectDisposedException(Name, $"kernel {kernel.Compiled.KernelName}: {Name} is disposed; launch while it is open");
        }

        if (launch.GridX < 1 || launch.GridY < 1 || launch.GridZ < 1
            || launch.GridX > MaxGridSize.X || launch.GridY > MaxGridSize.Y || launch.GridZ > MaxGridSize.Z)
        {
            throw new ArgumentOutOfRangeException(
                nameof(launch), $"kernel {kernel.Compiled.KernelName}: a grid of ({launch.GridX}, {launch.GridY}, {launch.GridZ}) groups is out of range, expected (1, 1, 1) to {MaxGridSize}");
        }

        if (launch.GroupX < 1 || launch.GroupY < 1 || launch.GroupZ < 1
            || (long)launch.GroupX * launch.GroupY * launch.GroupZ > MaxNumThreadsPerGroup)
        {
            throw new ArgumentOutOfRangeException(
                nameof(launch), $"kernel {kernel.Compiled.KernelName}: a group of ({launch.GroupX}, {launch.GroupY}, {launch.GroupZ}) threads is out of range, expected 1 to {MaxNumThreadsPerGroup} in all");
        }

        var shared = (long)kernel.Compiled.Program.SharedMemoryBytes + launch.DynamicSharedBytes;
        if (shared > MaxSharedMemoryPerGroup)
        {
            throw new ArgumentOutOfRangeException(
                nameof(launch), $"kernel {kernel.Compiled.KernelName}: {shared} bytes of shared memory are too many, expected at most {MaxSharedMemoryPerGroup}");
        }

        var shape = new GroupShape(launch.GroupX, launch.GroupY, launch.GroupZ);
        if (CompilationAhead.Of(this) is { } ahead)
        {
            ahead.Take(kernel, shape);
            return;
        }

        var code = kernel.CodeFor(shape);
        var profile = Profile;
        var start = profile is null ? 0 : Stopwatch.GetTimestamp();
        fixed (LaunchInfo* info = &launch)
        {
            if (Checks is null) pool.Run(code, arguments, info);
            else Checks.Run(code, arguments, info);
        }

        profile?.Add(kernel.Compiled.KernelName, Stopwatch.GetElapsedTime(start));
    }

    /// <summary>Counts a compilation.</summary>
    /// <param name="kernel">Name of the kernel.</param>
    /// <param name="code">What it became.</param>
    public void CountCompilation(string kernel, VectorCode code)
    {
        Interlocked.Increment(ref compiledKernels);
        if (!code.IsVectorized)
        {
            ImmutableInterlocked.Update(ref threadKernels, names => names.Add(kernel));
        }
    }

    /// <inheritdoc/>
    public override TExtension CreateExtension<TExtension, TExtensionProvider>(TExtensionProvider provider) =>
        throw new NotSupportedException($"{Name} has no accelerator extensions such as {typeof(TExtension).Name}; extensions exist for ILGPU's own accelerators only");

    /// <inheritdoc/>
    protected override AcceleratorStream CreateStreamInternal() => new VectorStream(this);

    /// <inheritdoc/>
    protected override void SynchronizeInternal() => Checks?.Faults.ThrowIfAny();

    /// <inheritdoc/>
    protected override MemoryBuffer AllocateRawInternal(long length, int elementSize) => new VectorMemoryBuffer(this, length, elementSize);

    /// <inheritdoc/>
    protected override PageLockScope<T> CreatePageLockFromPinnedInternal<T>(IntPtr pinned, long numElements) =>
        new VectorPageLockScope<T>(this, pinned, numElements);

    /// <inheritdoc/>
    protected override MethodInfo GenerateKernelLauncherMethod(VectorCompiledKernel kernel, int customGroupSize)
    {
        ParameterCheck.Require(kernel.Entry, kernel.KernelName);
        return KernelLauncher.Generate(kernel, customGroupSize > 0 ? customGroupSize : WarpSize);
    }

    /// <inheritdoc/>
    protected override VectorKernel CreateKernel(VectorCompiledKernel compiledKernel) => new(this, compiledKernel, null);

    /// <inheritdoc/>
    protected override VectorKernel CreateKernel(VectorCompiledKernel compiledKernel, MethodInfo launcher) => new(this, compiledKernel, launcher);

    /// <inheritdoc/>
    protected override int EstimateMaxActiveGroupsPerMultiprocessorInternal(Kernel kernel, int groupSize, int dynamicSharedMemorySizeInBytes) => 1;

    /// <inheritdoc/>
    protected override int EstimateGroupSizeInternal(Kernel kernel, Func<int, int> computeSharedMemorySize, int maxGroupSize, out int minGridSize) =>
        EstimateGroupSizeInternal(kernel, 0, maxGroupSize, out minGridSize);

    /// <inheritdoc/>
    protected override int EstimateGroupSizeInternal(Kernel kernel, int dynamicSharedMemorySizeInBytes, int maxGroupSize, out int minGridSize)
    {
        minGridSize = Threads;
        var automatic = Math.Min(AutomaticGroupSize, MaxNumThreadsPerGroup);
        return maxGroupSize > 0 ? Math.Min(maxGroupSize, automatic) : automatic;
    }

    /// <inheritdoc/>
    protected override bool CanAccessPeerInternal(Accelerator otherAccelerator) => otherAccelerator.AcceleratorType == AcceleratorType.CPU;

    /// <inheritdoc/>
    protected override void EnablePeerAccessInternal(Accelerator otherAccelerator)
    {
    }

    /// <inheritdoc/>
    protected override void DisablePeerAccessInternal(Accelerator otherAccelerator)
    {
    }

    /// <inheritdoc/>
    protected override void OnBind()
    {
    }

    /// <inheritdoc/>
    protected override void OnUnbind()
    {
    }

    /// <inheritdoc/>
    protected override void DisposeAccelerator_SyncRoot(bool disposing)
    {
        pool.Dispose();
        Allocations.Close();
        Checks?.Dispose();
        if (disposing)
        {
            VectorBackend.Dispose();
        }
    }
}
