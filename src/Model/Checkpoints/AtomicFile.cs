namespace Engine.Model.Checkpoints;

/// <summary>
/// Writes files so that a reader never sees half of one: into a temporary file beside the target, flushed to the disk, then renamed.
/// </summary>
public static class AtomicFile
{
    /// <summary>Writes a file through a callback. Where the callback throws, the target stays as it was.</summary>
    /// <param name="path">The file to write; its folder must exist.</param>
    /// <param name="write">Receives the stream to fill.</param>
    /// <exception cref="ModelException">The file cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        string temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{path}: cannot be written ({exception.Message}); choose a folder that is writable and has room", exception);
        }
        finally
        {
            if (File.Exists(temporary))
                File.Delete(temporary);
        }
    }

    /// <summary>Writes a text file in UTF-8 without a byte order mark.</summary>
    /// <param name="path">The file to write; its folder must exist.</param>
    /// <param name="text">Its whole contents.</param>
    /// <exception cref="ModelException">The file cannot be written.</exception>
    public static void WriteText(string path, string text) =>
        Write(path, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));
}
