using Engine.Compute.Vector.Checked;
using ILGPU.Backends.EntryPoints;

namespace Engine.Compute.Vector;

/// <summary>
/// Compiles kernels for the vector accelerator. Called once per loaded kernel with ILGPU's optimized IR, which ILGPU disposes
/// when the call returns; an implementation therefore imports everything that it needs at once.
/// </summary>
internal interface IVectorCompiler
{
    /// <summary>Imports one kernel.</summary>
    /// <param name="entryPoint">The kernel's managed method, its index type and its managed parameters.</param>
    /// <param name="source">The kernel's IR and the methods that it calls.</param>
    /// <param name="layout">Where each IR parameter lies in the argument block.</param>
    /// <param name="options">The width of vectors and the arithmetic.</param>
    /// <returns>The imported kernel, independent of ILGPU's IR.</returns>
    /// <exception cref="NotSupportedException">The kernel uses what the compiler does not take; the message says what and where.</exception>
    IVectorProgram Import(EntryPoint entryPoint, KernelSource source, KernelParameterLayout layout, VectorCompilerOptions options);
}

/// <summary>One imported kernel.</summary>
internal interface IVectorProgram
{
    /// <summary>Gets the size of its static shared memory in bytes.</summary>
    int SharedMemoryBytes { get; }

    /// <summary>Compiles the kernel for one group shape. Called at the first launch of each shape; the runtime keeps the result.</summary>
    /// <param name="shape">The threads of a group along each dimension.</param>
    /// <returns>The code that runs one group.</returns>
    VectorCode Specialize(GroupShape shape);
}

/// <summary>The threads of a group along each dimension.</summary>
/// <param name="X">Threads along X, the fastest dimension.</param>
/// <param name="Y">Threads along Y.</param>
/// <param name="Z">Threads along Z.</param>
internal readonly record struct GroupShape(int X, int Y, int Z)
{
    /// <summary>Gets the number of threads of a group.</summary>
    public int Size => X * Y * Z;
}

/// <summary>What the compiler is asked to produce.</summary>
/// <param name="VectorBits">Width of a vector in bits: 512, 256, 128, or 32 to run thread by thread.</param>
/// <param name="Contraction">Whether a multiply that feeds an add or a subtract becomes a fused multiply-add.</param>
/// <param name="Checks">Checked mode of the accelerator; null where nothing is checked.</param>
internal sealed record VectorCompilerOptions(int VectorBits, bool Contraction, CheckedMode? Checks = null)
{
    /// <summary>Gets a value indicating whether every kernel runs thread by thread.</summary>
    public bool IsScalar => VectorBits == VectorWidth.Scalar;

    /// <summary>Gets the threads of a warp: the lanes of a vector of floats, or four threads that run one after the other.</summary>
    public int WarpSize => IsScalar ? 4 : VectorBits / 32;
}

/// <summary>Runs one group of a launch.</summary>
/// <param name="arguments">The argument block; parameter i lies at the layout's offset of i.</param>
/// <param name="launch">The dimensions of the launch.</param>
/// <param name="gridX">The group's index along X.</param>
/// <param name="gridY">The group's index along Y.</param>
/// <param name="gridZ">The group's index along Z.</param>
/// <param name="scratch">Memory of this worker, aligned to 64 bytes, of the code's scratch size: shared memory first, then local arrays, dynamic shared memory last.</param>
internal unsafe delegate void GroupEntry(byte* arguments, LaunchInfo* launch, int gridX, int gridY, int gridZ, byte* scratch);

/// <summary>A kernel compiled for one group shape.</summary>
/// <param name="Entry">Runs one group.</param>
/// <param name="ScratchBytes">Scratch memory that a group needs, dynamic shared memory not included.</param>
/// <param name="IsVectorized">Whether threads are lanes of vectors; false where they run one by one.</param>
internal sealed record VectorCode(GroupEntry Entry, int ScratchBytes, bool IsVectorized = true);

/// <summary>The dimensions of one launch, as compiled code reads them.</summary>
internal struct LaunchInfo
{
    /// <summary>Groups along X.</summary>
    public int GridX;

    /// <summary>Groups along Y.</summary>
    public int GridY;

    /// <summary>Groups along Z.</summary>
    public int GridZ;

    /// <summary>Threads of a group along X.</summary>
    public int GroupX;

    /// <summary>Threads of a group along Y.</summary>
    public int GroupY;

    /// <summary>Threads of a group along Z.</summary>
    public int GroupZ;

    /// <summary>Extent along X of an implicitly grouped launch, else all threads along X.</summary>
    public long ExtentX;

    /// <summary>Extent along Y of an implicitly grouped launch, else all threads along Y.</summary>
    public long ExtentY;

    /// <summary>Extent along Z of an implicitly grouped launch, else all threads along Z.</summary>
    public long ExtentZ;

    /// <summary>Bytes of dynamic shared memory that the launch asks for.</summary>
    public int DynamicSharedBytes;
}
