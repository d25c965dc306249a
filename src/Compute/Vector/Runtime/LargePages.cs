using System.Runtime.InteropServices;

namespace Engine.Compute.Vector;

/// <summary>
/// Native memory for which the operating system is asked for pages of 2 MB. A matrix product reads rows that are kilobytes apart: with pages of 4 KB
/// nearly every one needs a translation that the processor does not hold. Linux gives large pages to who asks (<c>madvise</c>, where
/// <c>/sys/kernel/mm/transparent_hugepage/enabled</c> says <c>madvise</c> or <c>always</c>); elsewhere, and where there are none, pages are small.
/// </summary>
internal static unsafe partial class LargePages
{
    /// <summary>Bytes of a large page.</summary>
    public const int Size = 2 << 20;

    // MADV_HUGEPAGE of <sys/mman.h>, the same number on every architecture.
    private const int UseLargePages = 14;

    /// <summary>Allocates memory, which <see cref="NativeMemory.AlignedFree"/> frees.</summary>
    /// <param name="bytes">Bytes; at least 1. What is smaller than a large page stays in small ones, and so does what is left at the end.</param>
    /// <param name="alignment">Alignment in bytes at least, a power of two.</param>
    /// <exception cref="OutOfMemoryException">The memory is not available.</exception>
    public static void* Allocate(nuint bytes, nuint alignment)
    {
        if (bytes < Size || !OperatingSystem.IsLinux())
            return NativeMemory.AlignedAlloc(bytes, alignment);
        var memory = NativeMemory.AlignedAlloc(bytes, Math.Max(alignment, Size));
        // Advice only: what it answers changes nothing but the time.
        _ = Advise(memory, bytes / Size * Size, UseLargePages);
        return memory;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* start, nuint length, int advice);
}
