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

    /// <summary>
    /// Returns the code for a group shape, compiling it at the first launch of that shape; safe from any thread. Code that could not be made is made again by
    /// who waited for it and by who comes next: it may have been memory that was lacking.
    /// </summary>
    /// <param name="shape">The group shape.</param>
    /// <returns>The code.</returns>
    public VectorCode CodeFor(GroupShape shape)
    {
        var known = Volatile.Read(ref latest);
        if (known is null || known.Shape != shape)
        {
            known = Make(shape);
            Volatile.Write(ref latest, known);
        }

        return known.Code;
    }

    /// <inheritdoc/>
    protected override void DisposeAcceleratorObject(bool disposing)
    {
    }

    private Variant Make(GroupShape shape)
    {
        while (true)
        {
            var own = new Lazy<Variant>(() => Compile(shape));
            var variant = variants.GetOrAdd(shape, own);
            try
            {
                return variant.Value;
            }
            catch
            {
                variants.TryRemove(new(shape, variant));
                if (variant == own)
                {
                    throw;
                }
            }
        }
    }

    private Variant Compile(GroupShape shape)
    {
        var code = Compiled.Program.Specialize(shape);
        Owner.CountCompilation(Compiled.KernelName, code);
        return new Variant(shape, code);
    }

    private sealed record Variant(GroupShape Shape, VectorCode Code);
}
