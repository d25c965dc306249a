using Engine.Model.Data;

namespace Engine.Model;

/// <summary>
/// Writes files so that a reader sees the old content or the new one, never a part: into a temporary file beside the target, flushed to the disk, then
/// renamed, the folder flushed as well.
/// </summary>
public static class AtomicFile
{
    /// <summary>Writes a file through a stream. When <paramref name="write"/> throws, the old file stays and the temporary one is removed.</summary>
    /// <param name="path">The file to write; its folder must exist.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="ModelException">The file cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        string target = Path.GetFullPath(path);
        string temporary = $"{target}.{Environment.ProcessId}-{Guid.NewGuid():N}.tmp";
        try
        {
            using (FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, target, overwrite: true);
            FolderFlush.Flush(Path.GetDirectoryName(target)!);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{path}: cannot be written ({exception.Message}); choose a folder that is writable and has room", exception);
        }
        finally
        {
            FailedWrite.Discard(temporary);
        }
    }

    /// <summary>Writes UTF-8 text (no byte order mark) with line feeds as <paramref name="write"/> produces it.</summary>
    /// <param name="path">The file to write; its folder must exist.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="ModelException">The file cannot be written.</exception>
    public static void WriteText(string path, Action<TextWriter> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        Write(path, stream =>
        {
            using StreamWriter writer = new(stream, StrictUtf8.Encoding, 1 << 16, leaveOpen: true) { NewLine = "\n" };
            write(writer);
        });
    }
}
