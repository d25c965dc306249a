using System.Runtime.InteropServices;

namespace Engine.Model;

/// <summary>
/// Flushes folders to the disk: a file that was flushed and renamed survives a loss of power under its new name only once the folder that holds the
/// name has been flushed too.
/// </summary>
internal static partial class FolderFlush
{
    /// <summary>Flushes a folder's names. File systems that cannot flush folders, and Windows, which journals names itself, are passed over.</summary>
    /// <param name="folder">The folder.</param>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        // O_RDONLY is 0 on every Unix; .NET's own file handles refuse folders.
        int descriptor = Open(folder, 0);
        if (descriptor < 0)
            return;
        _ = Synchronize(descriptor);
        _ = Close(descriptor);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Synchronize(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
