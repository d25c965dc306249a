using Engine.Compute.Vector.Checked;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace Engine.Compute.Vector;

/// <summary>The processor as a device: a warp is one vector of floats, a multiprocessor one worker thread.</summary>
[DeviceType(AcceleratorType.CPU)]
internal sealed class VectorDevice : Device
{
    /// <summary>Most threads of a group.</summary>
    public const int MaxThreadsPerGroup = 1024;

    /// <summary>Shared memory that a group may have, in bytes: what half of a common second-level cache holds.</summary>
    public const int SharedMemoryLimit = 1 << 20;

    private readonly IVectorCompiler compiler;

    /// <summary>Describes the processor.</summary>
    /// <param name="compiler">Compiles the kernels that are loaded.</param>
    /// <param name="threads">Threads that run a launch, the launching one included; 0 for all cores.</param>
    /// <param name="vectorBits">Width of a vector in bits: 512, 256, 128, 32 to run thread by thread, or 0 for the widest.</param>
    /// <param name="contraction">Whether multiplies and adds are fused.</param>
    /// <param name="checks">How kernels run in checked mode; null for no checks.</param>
    /// <exception cref="ComputeException">The width is not possible on this machine.</exception>
    public VectorDevice(IVectorCompiler compiler, int threads = 0, int vectorBits = 0, bool contraction = true, CheckOptions? checks = null)
        : this(compiler, new VectorCompilerOptions(VectorWidth.Resolve(vectorBits), contraction), checks is null ? threads : 1, checks)
    {
    }

    private VectorDevice(IVectorCompiler compiler, VectorCompilerOptions options, int threads, CheckOptions? checks = null)
    {
        Checks = checks;
        this.compiler = compiler;
        Options = options;
        Threads = threads > 0 ? threads : Environment.ProcessorCount;
        Name = $"vector CPU ({Shape}, {Threads} {(Threads == 1 ? "thread" : "threads")})";
        WarpSize = Options.WarpSize;
        NumMultiprocessors = Threads;
        MaxNumThreadsPerGroup = MaxThreadsPerGroup;
        MaxNumThreadsPerMultiprocessor = MaxThreadsPerGroup;
        MaxGroupSize = new Index3D(MaxThreadsPerGroup, MaxThreadsPerGroup, MaxThreadsPerGroup);
        MaxGridSize = new Index3D(int.MaxValue, ushort.MaxValue, ushort.MaxValue);
        MemorySize = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        MaxSharedMemoryPerGroup = SharedMemoryLimit;
        MaxConstantMemory = int.MaxValue;

        // The class of a processor's capabilities cannot be created from outside of ILGPU; its own device has the same ones.
        Capabilities = CPUDevice.Default.Capabilities;
    }

    /// <summary>Describes a processor for which kernels are compiled, to be looked at and not to be run: this machine may lack its vectors.</summary>
    /// <param name="compiler">Compiles the kernels.</param>
    /// <param name="options">The width of its vectors and the arithmetic.</param>
    /// <returns>The device.</returns>
    public static VectorDevice ForDump(IVectorCompiler compiler, VectorCompilerOptions options) => new(compiler, options, threads: 1);

    /// <summary>Gets what its compiler is asked to produce.</summary>
    public VectorCompilerOptions Options { get; }

    /// <summary>Gets how many threads run a launch, the launching one included.</summary>
    public int Threads { get; }

    /// <summary>Gets how kernels run in checked mode; null for no checks.</summary>
    public CheckOptions? Checks { get; }

    /// <summary>Gets the name of all that results depend on, bit for bit: not the number of threads.</summary>
    public string ArithmeticName => $"vector CPU ({Shape}{(Options.Contraction ? "" : ", no contraction")}{Limits})";

    private string Shape => Checks is not null ? "checked" : Options.IsScalar ? "thread by thread" : $"{Options.VectorBits} bits";

    private string Limits => MaxNumThreadsPerGroup == MaxThreadsPerGroup && MaxSharedMemoryPerGroup == SharedMemoryLimit
        ? "" : $", groups of {MaxNumThreadsPerGroup}, {MaxSharedMemoryPerGroup} bytes of shared memory";

    /// <summary>Makes it a device of lower limits, which launches keep to.</summary>
    /// <param name="maxGroupSize">Most threads of a group, at least a warp; 0 leaves the limit as it is.</param>
    /// <param name="sharedMemoryBytes">Shared memory of a group in bytes; 0 leaves the limit as it is.</param>
    /// <exception cref="ComputeException">A limit is out of its range.</exception>
    public void Limit(int maxGroupSize, int sharedMemoryBytes)
    {
        if (maxGroupSize != 0)
        {
            if (maxGroupSize < WarpSize || maxGroupSize > MaxThreadsPerGroup)
            {
                throw new ComputeException($"groups of at most {maxGroupSize} threads are not possible on {Name}: expected {WarpSize}, a warp, to {MaxThreadsPerGroup}");
            }

            MaxNumThreadsPerGroup = maxGroupSize;
            MaxNumThreadsPerMultiprocessor = maxGroupSize;
            MaxGroupSize = new Index3D(maxGroupSize, maxGroupSize, maxGroupSize);
        }

        if (sharedMemoryBytes != 0)
        {
            if (sharedMemoryBytes < 0 || sharedMemoryBytes > SharedMemoryLimit)
            {
                throw new ComputeException($"{sharedMemoryBytes} bytes of shared memory are not possible on {Name}: expected 1 to {SharedMemoryLimit}");
            }

            MaxSharedMemoryPerGroup = sharedMemoryBytes;
        }
    }

    /// <inheritdoc/>
    public override Accelerator CreateAccelerator(Context context) => new VectorAccelerator(context, this, compiler);

    /// <inheritdoc/>
    public override bool Equals(object? obj) =>
        obj is VectorDevice device && device.Options == Options && device.Threads == Threads && device.Checks == Checks
        && device.MaxNumThreadsPerGroup == MaxNumThreadsPerGroup && device.MaxSharedMemoryPerGroup == MaxSharedMemoryPerGroup;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Options, Threads, Checks, MaxNumThreadsPerGroup, MaxSharedMemoryPerGroup);
}
