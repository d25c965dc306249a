using System.Collections.Immutable;
using ILGPU.Backends.EntryPoints;
using ILGPU.IR;

namespace Engine.Compute.Vector;

/// <summary>
/// Where each parameter of a kernel's IR lies in the argument block of a launch. A parameter starts at a multiple of 16 bytes; inside
/// it, fields lie at the offsets of its ILGPU structure type (a view is a pointer at +0 and an Int64 length at +8). The index of an
/// implicitly grouped kernel, which is its parameter 0, and specialized parameters keep a slot that nobody writes.
/// </summary>
internal sealed class KernelParameterLayout
{
    /// <summary>Alignment of a parameter in bytes.</summary>
    public const int Alignment = 16;

    private readonly ImmutableArray<int> offsets;

    private KernelParameterLayout(ImmutableArray<int> offsets, int size, int indexParameters)
    {
        this.offsets = offsets;
        Size = size;
        IndexParameters = indexParameters;
    }

    /// <summary>Gets the number of IR parameters.</summary>
    public int Count => offsets.Length;

    /// <summary>Gets the size of the argument block in bytes.</summary>
    public int Size { get; }

    /// <summary>Gets how many IR parameters precede the kernel's own: 1 for an implicitly grouped kernel, else 0.</summary>
    public int IndexParameters { get; }

    /// <summary>Computes the layout of a kernel.</summary>
    /// <param name="entryPoint">The entry point.</param>
    /// <param name="method">The kernel's IR, its views lowered to pointers and lengths.</param>
    /// <returns>The layout.</returns>
    public static KernelParameterLayout Of(EntryPoint entryPoint, Method method)
    {
        var offsets = ImmutableArray.CreateBuilder<int>(method.NumParameters);
        var offset = 0;
        for (var i = 0; i < method.NumParameters; i++)
        {
            offsets.Add(offset);
            offset += (method.Parameters[i].ParameterType.Size + Alignment - 1) & -Alignment;
        }

        return new KernelParameterLayout(offsets.MoveToImmutable(), offset, entryPoint.KernelIndexParameterOffset);
    }

    /// <summary>Returns the offset of a parameter in the argument block.</summary>
    /// <param name="parameter">Index of the IR parameter.</param>
    /// <returns>The offset in bytes.</returns>
    public int OffsetOf(int parameter) => offsets[parameter];
}
