using Engine.Compute.Vector;

namespace Engine.Compute;

/// <summary>How a device is opened. The defaults suit every use outside of tests.</summary>
public sealed record ComputeDeviceOptions
{
    /// <summary>Gets how many threads the vector CPU runs a launch on, the launching one included; 0 for all cores.</summary>
    public int Threads { get; init; }

    /// <summary>Gets the width of the vector CPU's vectors in bits: 512, 256, 128, 32 to run thread by thread with warps of 4, or 0 for the widest of the machine.</summary>
    public int VectorBits { get; init; }

    /// <summary>Gets a value indicating whether the vector CPU fuses multiplies and adds; off, its results are bit for bit those of ILGPU's CPU accelerator.</summary>
    public bool Contraction { get; init; } = true;

    /// <summary>
    /// Gets a value indicating whether the kernels of a model are compiled while its weights are read, on all cores, instead of one by one at their first
    /// launch: a program that uses a model once starts sooner. Vector CPU only; no result depends on it.
    /// </summary>
    public bool CompilesAhead { get; init; }

    /// <summary>
    /// Gets a value indicating whether the vector CPU runs kernels in checked mode: thread by thread, looking at every access to memory, every barrier and every
    /// integer division. What is found is thrown at the next synchronization as a <see cref="KernelFaultException"/>. Some hundred times slower.
    /// </summary>
    public bool Checked { get; init; }

    /// <summary>Gets in which order checked mode runs the groups of a launch and the threads of a group.</summary>
    public ThreadOrder ThreadOrder { get; init; }

    /// <summary>Gets the seed of <see cref="ThreadOrder.Seeded"/>.</summary>
    public int ThreadOrderSeed { get; init; }

    /// <summary>Gets the most threads of a group that the vector CPU takes, at least a warp and at most 1024; 0 for 1024. Fewer show how kernels do on smaller devices.</summary>
    public int MaxGroupSize { get; init; }

    /// <summary>Gets the shared memory of a group on the vector CPU in bytes, at most 1 MiB; 0 for that. Less shows how kernels do on smaller devices.</summary>
    public int SharedMemoryBytes { get; init; }

    /// <summary>Gets the threads of a warp on ILGPU's CPU accelerator; at least 2.</summary>
    public int EmulatedWarpSize { get; init; } = 4;

    /// <summary>Gets the warps of a group on ILGPU's CPU accelerator; a power of two. Every thread of a group is a thread of the system there.</summary>
    public int EmulatedWarpsPerGroup { get; init; } = 4;

    /// <summary>
    /// Gets the sizes by which kernels choose their shape; null for those that the accelerator's limits give. What a size exceeds of these limits fails at launch.
    /// </summary>
    public TileTable? Tiles { get; init; }

    /// <summary>Gets the compiler of the vector CPU, null for its own: tests put one with a fault in its place.</summary>
    internal IVectorCompiler? Compiler { get; init; }
}
