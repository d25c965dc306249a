using System.Runtime.InteropServices;

namespace Engine.Compute.Vector;

/// <summary>Scratch memory of one worker: shared memory and local arrays of the group that it runs. It grows and is never given back before disposal.</summary>
internal sealed unsafe class ScratchMemory : IDisposable
{
    /// <summary>Alignment in bytes: a page, so that groups of all workers see the same placement in caches.</summary>
    private const int Alignment = 4096;

    private byte* memory;
    private nuint size;

    /// <summary>Returns memory of at least a size; what it held before is lost when it grows.</summary>
    /// <param name="bytes">Bytes that are needed.</param>
    /// <returns>The memory, aligned to a page.</returns>
    public byte* OfSize(nuint bytes)
    {
        if (bytes > size)
        {
            NativeMemory.AlignedFree(memory);
            memory = null;
            size = 0;
            // The panels of a matrix product fill much of a large page; small needs stay small.
            if (bytes >= LargePages.Size / 4)
                bytes = (bytes + LargePages.Size - 1) & ~(nuint)(LargePages.Size - 1);
            memory = (byte*)LargePages.Allocate(bytes, Alignment);
            size = bytes;
        }

        return memory;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(memory);
        memory = null;
        size = 0;
    }
}
