using System.Collections.Immutable;
using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;

namespace Engine.Compute.Vector;

/// <summary>A kernel that went through the back end: its imported program and how a launch marshals its arguments.</summary>
internal sealed class VectorCompiledKernel : CompiledKernel
{
    /// <summary>Makes the compiled kernel.</summary>
    /// <param name="context">The ILGPU context.</param>
    /// <param name="entryPoint">The entry point.</param>
    /// <param name="info">ILGPU's statistics, if they are collected.</param>
    /// <param name="kernelName">Class and method of the kernel.</param>
    /// <param name="program">The imported program.</param>
    /// <param name="layout">The layout of the argument block.</param>
    /// <param name="copies">What a launch copies into the argument block.</param>
    public VectorCompiledKernel(
        Context context,
        EntryPoint entryPoint,
        KernelInfo? info,
        string kernelName,
        IVectorProgram program,
        KernelParameterLayout layout,
        ImmutableArray<ArgumentCopy> copies)
        : base(context, entryPoint, info)
    {
        // CompiledKernel keeps the entry point in a property that only ILGPU can read.
        Entry = entryPoint;
        KernelName = kernelName;
        Program = program;
        Layout = layout;
        Copies = copies;
    }

    /// <summary>Gets the entry point.</summary>
    public EntryPoint Entry { get; }

    /// <summary>Gets class and method of the kernel.</summary>
    public string KernelName { get; }

    /// <summary>Gets the imported program.</summary>
    public IVectorProgram Program { get; }

    /// <summary>Gets the layout of the argument block.</summary>
    public KernelParameterLayout Layout { get; }

    /// <summary>Gets what a launch copies into the argument block.</summary>
    public ImmutableArray<ArgumentCopy> Copies { get; }
}
