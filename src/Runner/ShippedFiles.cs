using Engine.Model;

namespace Engine.Runner;

/// <summary>Finds the weights and samples that come with the program.</summary>
internal static class ShippedFiles
{
    /// <summary>Looks for a path in the current folder and those above it, then in the program's folder and those above it.</summary>
    /// <param name="path">A path relative to the root of the repository, with forward slashes.</param>
    /// <param name="option">What to give instead, for the error.</param>
    /// <exception cref="ModelException">It is nowhere.</exception>
    public static string Find(string path, string option)
    {
        string current = Directory.GetCurrentDirectory();
        foreach (string start in new[] { current, AppContext.BaseDirectory })
        {
            for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
            {
                string candidate = Path.Combine(folder.FullName, path.Replace('/', Path.DirectorySeparatorChar));
                if (Path.Exists(candidate))
                    return Shorter(candidate, Path.GetRelativePath(current, candidate));
            }
        }
        throw new ModelException(
            $"{path}, which ships with the repository, is neither in {current} nor in the program's folder nor above them; run in the repository or give {option}.");
    }

    private static string Shorter(string left, string right) => right.Length < left.Length ? right : left;
}
