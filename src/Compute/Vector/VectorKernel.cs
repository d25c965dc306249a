using System.Collections.Concurrent;
using System.Reflection;
using ILGPU.Runtime;

namespace Engine.Compute.Vector;

/// <summary>A loaded kernel: its program and the code of each group shape that was launched so far.</summary>
internal sealed class VectorKernel : Kernel
{
    private readonly ConcurrentDictionary<GroupShape, Lazy<Variant>> variants = new();
    private Variant? latest;

    /// <summary>Makes the kernel.</summary>
    /// <param name="accelerator">The accelerator that loads it.</param>
    /// <param name="compiledKernel">The compiled kernel.</param>
    /// <param name="launcher">The launcher method, or null while ILGPU computes a group size.</param>
    public VectorKernel(VectorAccelerator accelerator, VectorCompiledKernel compiledKernel, MethodInfo? launcher)
        : base(accelerator, compiledKernel, launcher)
    {
        Owner = accelerator;
        Compiled = compiledKernel;
    }

    /// <summary>Gets the accelerator that loaded it.</summary>
    public VectorAccelerator Owner { get; }

    /// <summary>Gets the compiled kernel.</summary>
    public VectorCompiledKernel Compiled { get; }

    /// <summary>Returns the code for a group shape, compiling it at the first launch of that shape; safe from any thread.</summary>
    /// <param name="shape">The group shape.</param>
    /// <returns>The code.</returns>
    public VectorCode CodeFor(GroupShape shape)
    {
        var known = Volatile.Read(ref latest);
        if (known is null || known.Shape != shape)
        {
            known = variants.GetOrAdd(shape, key => new Lazy<Variant>(() => Compile(key))).Value;
            Volatile.Write(ref latest, known);
        }

        return known.Code;
    }

    /// <inheritdoc/>
    protected override void DisposeAcceleratorObject(bool disposing)
    {
    }

    private Variant Compile(GroupShape shape)
    {
        var code = Compiled.Program.Specialize(shape);
        Owner.CountCompilation(Compiled.KernelName, code);
        return new Variant(shape, code);
    }

    private sealed record Variant(GroupShape Shape, VectorCode Code);
}
