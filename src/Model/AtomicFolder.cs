namespace Engine.Model;

/// <summary>Fills folders that appear under their names only when they are complete: a temporary folder beside the target, flushed and renamed.</summary>
public static class AtomicFolder
{
    /// <summary>Fills a new folder. When <paramref name="write"/> throws, what it wrote is removed and nothing is left.</summary>
    /// <param name="folder">The folder; it must not exist, or be empty. Folders above it are made.</param>
    /// <param name="write">Fills the folder that it is given.</param>
    /// <exception cref="ModelException">The folder exists and is not empty, or cannot be written.</exception>
    public static void Write(string folder, Action<string> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(write);
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (File.Exists(target) || (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any()))
            throw new ModelException($"{folder}: exists, and a new folder was expected; give another path or remove it");
        string temporary = $"{target}.{Guid.NewGuid():N}.tmp";
        string? made = FirstMissing(target);
        bool done = false;
        try
        {
            Try(folder, () => Directory.CreateDirectory(temporary));
            write(temporary);
            Try(folder, () =>
            {
                if (Directory.Exists(target))
                    Directory.Delete(target);
                FolderFlush.Flush(temporary);
                Directory.Move(temporary, target);
                FolderFlush.Flush(Path.GetDirectoryName(target)!);
            });
            done = true;
        }
        finally
        {
            if (!done)
            {
                FailedWrite.Discard(temporary);
                RemoveEmpty(target, made);
            }
        }
    }

    private static void Try(string folder, Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{folder}: cannot be written ({exception.Message}); choose a folder that is writable and has room", exception);
        }
    }

    /// <summary>The uppermost folder above a path that does not exist yet, or null.</summary>
    internal static string? FirstMissing(string target)
    {
        string? missing = null;
        for (string? above = Path.GetDirectoryName(target); above is not null && !Directory.Exists(above); above = Path.GetDirectoryName(above))
            missing = above;
        return missing;
    }

    /// <summary>Removes the folders above a path that are empty, up to one that was made.</summary>
    internal static void RemoveEmpty(string target, string? made)
    {
        if (made is null)
            return;
        for (string? above = Path.GetDirectoryName(target); above is not null && above.Length >= made.Length; above = Path.GetDirectoryName(above))
        {
            if (Directory.Exists(above) && !Directory.EnumerateFileSystemEntries(above).Any())
                FailedWrite.Discard(above);
        }
    }
}
