using Microsoft.Win32.SafeHandles;

namespace Engine.Model.Checkpoints;

/// <summary>Reads files whose length and kind are not trusted.</summary>
internal static class CheckedFile
{
    /// <summary>What a file that Git LFS has not fetched begins with.</summary>
    private static ReadOnlySpan<byte> PointerStart => "version https://git-lfs"u8;

    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="ModelException">It cannot be read, or it is the stand-in for a file that Git LFS has not fetched.</exception>
    public static SafeFileHandle Open(string path)
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.SequentialScan);
            Span<byte> start = stackalloc byte[(int)Math.Min(PointerStart.Length, RandomAccess.GetLength(handle))];
            ReadExactly(path, handle, 0, start);
            if (start.SequenceEqual(PointerStart))
                throw new ModelException($"{path}: is a Git LFS pointer, expected the file itself; run \"git lfs pull\" or download the file");
            return handle;
        }
        catch (Exception exception)
        {
            handle?.Dispose();
            if (exception is IOException or UnauthorizedAccessException)
                throw new ModelException($"{path}: cannot be read ({FirstLine(exception)}); check the path and the permissions", exception);
            throw;
        }
    }

    /// <summary>Reads a whole file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxBytes">The length up to which it is what it should be.</param>
    /// <exception cref="ModelException">It cannot be read, is longer, or is the stand-in for a file that Git LFS has not fetched.</exception>
    public static byte[] ReadWhole(string path, int maxBytes)
    {
        using var handle = Open(path);
        long length = RandomAccess.GetLength(handle);
        if (length > maxBytes)
            throw new ModelException($"{path}: has {length} bytes, expected at most {maxBytes}; is it another file under this name?");
        var bytes = new byte[length];
        ReadExactly(path, handle, 0, bytes);
        return bytes;
    }

    /// <summary>Fills a span from a place in a file.</summary>
    /// <exception cref="ModelException">The file ends before, or the disk does not give it.</exception>
    public static void ReadExactly(string path, SafeFileHandle handle, long offset, Span<byte> target)
    {
        try
        {
            while (target.Length > 0)
            {
                int count = RandomAccess.Read(handle, target, offset);
                if (count == 0)
                    throw new ModelException($"{path}: ends at byte {offset}, expected {target.Length} bytes more; it was cut while it was read");
                offset += count;
                target = target[count..];
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{path}: cannot be read at byte {offset} ({FirstLine(exception)}); check the disk", exception);
        }
    }

    private static string FirstLine(Exception exception) => exception.Message.ReplaceLineEndings(" ");
}
