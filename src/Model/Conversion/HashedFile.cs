using System.IO.Hashing;

namespace Engine.Model.Conversion;

/// <summary>A file as a record of a conversion names it.</summary>
/// <param name="Name">Its path, relative to the folder of the source or the result, with forward slashes.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Hash">Its XXH128 in hexadecimal digits, as <c>xxhsum -H2</c> prints it.</param>
internal sealed record HashedFile(string Name, long Bytes, string Hash)
{
    private const int BytesPerPart = 1 << 20;

    /// <summary>Reads and hashes a file.</summary>
    /// <param name="folder">The folder that its name is relative to.</param>
    /// <param name="path">The file.</param>
    /// <param name="read">Told the number of bytes after each part; may throw to stop.</param>
    /// <exception cref="ModelException">It cannot be read.</exception>
    public static HashedFile Of(string folder, string path, Action<long>? read = null)
    {
        try
        {
            using var handle = File.OpenHandle(path, options: FileOptions.SequentialScan);
            var hash = new XxHash128();
            var part = new byte[BytesPerPart];
            long length = 0;
            for (int count; (count = RandomAccess.Read(handle, part, length)) > 0; length += count)
            {
                hash.Append(part.AsSpan(0, count));
                read?.Invoke(count);
            }

            string name = Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/');
            return new HashedFile(name, length, Digits(hash));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{path}: cannot be read ({exception.Message}); check the path and the permissions", exception);
        }
    }

    /// <summary>Writes and hashes a file.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="name">The file's name in it.</param>
    /// <param name="flush">Whether it is flushed to the disk.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="ModelException">It cannot be written.</exception>
    public static HashedFile Write(string folder, string name, bool flush, Action<Stream> write)
    {
        string path = Path.Combine(folder, name);
        try
        {
            using FileStream file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
            using HashingStream stream = new(file);
            write(stream);
            file.Flush(flush);
            return new HashedFile(name, stream.Length, Digits(stream.Hash));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{path}: cannot be written ({exception.Message}); choose a folder that is writable and has room", exception);
        }
    }

    private static string Digits(XxHash128 hash) => Convert.ToHexStringLower(hash.GetCurrentHash());
}
