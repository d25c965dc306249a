namespace Engine.Benchmarks;

/// <summary>Files of the repository, wherever in it the program runs.</summary>
internal static class RepositoryFiles
{
    /// <summary>A file or folder in the current folder or in one above it; null where there is none.</summary>
    /// <param name="path">Its path in the repository, with slashes.</param>
    public static string? Find(string path)
    {
        for (DirectoryInfo? folder = new(Directory.GetCurrentDirectory()); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, path.Replace('/', Path.DirectorySeparatorChar));
            if (Path.Exists(candidate))
                return candidate;
        }
        return null;
    }

    /// <summary>The same where it must be there.</summary>
    /// <exception cref="IOException">It is not.</exception>
    public static string Require(string path) => Find(path) ?? throw new IOException($"{path} is not in this folder or above; run in the repository.");
}
