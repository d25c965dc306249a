using System.Runtime.InteropServices;

namespace Engine.Compute.Vector;

/// <summary>
/// The memory of an accelerator's buffers. ILGPU knows buffers by weak references, so one whose finalizer has not run yet would outlive its accelerator:
/// the accelerator frees by this list, not by those references.
/// </summary>
internal sealed unsafe class NativeAllocations
{
    private readonly Lock gate = new();
    private readonly HashSet<IntPtr> live = [];
    private bool closed;

    /// <summary>Gets how many allocations are alive.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                return live.Count;
            }
        }
    }

    /// <summary>Allocates memory.</summary>
    /// <param name="bytes">Bytes; at least 1.</param>
    /// <param name="alignment">Alignment in bytes, a power of two.</param>
    /// <returns>The memory, or null once everything was freed.</returns>
    /// <exception cref="OutOfMemoryException">The memory is not available.</exception>
    public IntPtr? Allocate(nuint bytes, nuint alignment)
    {
        lock (gate)
        {
            if (closed)
            {
                return null;
            }

            var memory = (IntPtr)LargePages.Allocate(bytes, alignment);
            live.Add(memory);
            return memory;
        }
    }

    /// <summary>Frees memory; does nothing where it was freed before.</summary>
    /// <param name="memory">What <see cref="Allocate"/> returned.</param>
    public void Free(IntPtr memory)
    {
        lock (gate)
        {
            if (live.Remove(memory))
            {
                NativeMemory.AlignedFree((void*)memory);
            }
        }
    }

    /// <summary>Frees everything; nothing can be allocated any more.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            foreach (var memory in live)
            {
                NativeMemory.AlignedFree((void*)memory);
            }

            live.Clear();
        }
    }
}
