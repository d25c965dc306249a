namespace Engine.Model;

/// <summary>What a write that failed has left.</summary>
internal static class FailedWrite
{
    /// <summary>
    /// Removes a file or a folder, as far as the system allows. Where it does not, as on a disk that has become read-only, it stays: the failure before is what the
    /// user is to be told, not that its traces cannot be removed.
    /// </summary>
    /// <param name="path">The file or folder; it may be absent.</param>
    public static void Discard(string path)
    {
        try
        {
            if (Directory.Exists(path))
                Directory.Delete(path, recursive: true);
            else
                File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // See above.
        }
    }
}
