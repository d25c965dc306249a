using Engine.Model.Checkpoints.TensorFlow;

namespace Engine.Model.Checkpoints.Archives;

/// <summary>Names in archives: where they may lead, and which of them a conversion can need.</summary>
internal static class ArchivePath
{
    private const int MaxDepth = 16;
    private const int MaxNameLength = 255;

    // The parts of checkpoints of all layouts, and what tells a model of another kind from them.
    private static readonly string[] NeededEndings = [".index", ".pb", ".safetensors", ".json", ".txt", ".model"];

    /// <summary>Splits a name into its parts; none for the archive's root.</summary>
    /// <param name="archive">The archive, for messages.</param>
    /// <param name="name">The name.</param>
    /// <exception cref="ModelException">It would lead out of the folder that the archive is unpacked into, or is no name on some system.</exception>
    public static IReadOnlyList<string> Split(string archive, string name)
    {
        string[] parts = [.. name.Split('/').Where(part => part is not ("" or "."))];
        bool isSafe = !name.StartsWith('/') && !name.Contains('\\', StringComparison.Ordinal) && parts.Length <= MaxDepth
            && parts.All(part => part != ".." && part.Length <= MaxNameLength && !part.Contains(':', StringComparison.Ordinal) && !part.Any(char.IsControl));
        return isSafe
            ? parts
            : throw new ModelException(
                $"{archive}: entry \"{name[..Math.Min(100, name.Length)]}\" leads out of the archive's folder or has a name that not every system takes; "
                + "do not trust this archive");
    }

    /// <summary>Whether a conversion can need a file.</summary>
    /// <param name="parts">The parts of its name.</param>
    public static bool IsNeeded(IReadOnlyList<string> parts)
    {
        string name = parts[^1];

        // What macOS adds to archives has the names of the files that it belongs to.
        if (parts[0] == "__MACOSX" || name.StartsWith("._", StringComparison.Ordinal))
            return false;
        return NeededEndings.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
            || BundleFiles.IsShard(name)
            || parts.Contains("assets")
            || IsOldCheckpoint(name);
    }

    /// <summary>Whether a file may be a checkpoint of TensorFlow's first format, which has no ending; so that it can be named as one.</summary>
    private static bool IsOldCheckpoint(string name) =>
        name.EndsWith(".ckpt", StringComparison.OrdinalIgnoreCase) || name.Contains(".ckpt-", StringComparison.OrdinalIgnoreCase);
}
