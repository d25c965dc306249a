using Engine.Model;
using Engine.Model.Training.Runs;

namespace Engine.Runner;

/// <summary>Checks before a command's work that its results can be written after it; leaves nothing on the disk.</summary>
internal static class OutputTarget
{
    /// <summary>Checks the folder of a new training run.</summary>
    /// <param name="folder">It must not exist, or be empty.</param>
    /// <param name="option">The option that named it, for the error.</param>
    /// <exception cref="ModelException">It exists or cannot be made.</exception>
    public static void CheckRunFolder(string folder, string option)
    {
        if (RunFolder.IsUnfinished(folder))
            throw new ModelException($"{option} {folder} holds a run that is not finished, and a new folder was expected; continue it with --resume {folder}, or remove it.");
        if (Directory.Exists(folder) && RunFolder.IsFree(folder))
            CheckWritable(folder, option);
        else
            CheckFolder(folder, option);
    }

    /// <summary>Checks a folder that will be made.</summary>
    /// <param name="folder">It must not exist, or be empty.</param>
    /// <param name="option">The option that named it, for the error.</param>
    /// <exception cref="ModelException">It exists or cannot be made.</exception>
    public static void CheckFolder(string folder, string option)
    {
        if (File.Exists(folder))
            throw new ModelException($"{option} {folder} is a file, and a new folder was expected; give another path.");
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new ModelException($"{option} {folder} exists and is not empty, and a new folder was expected; give another path or remove it.");
        CheckWritable(folder, option);
    }

    /// <summary>Checks a file that will be written.</summary>
    /// <param name="file">It must not exist unless it may be replaced.</param>
    /// <param name="option">The option that named it, for the error.</param>
    /// <param name="overwrite">Whether it may be replaced.</param>
    /// <exception cref="ModelException">It exists or cannot be written.</exception>
    public static void CheckFile(string file, string option, bool overwrite)
    {
        if (Directory.Exists(file))
            throw new ModelException($"{option} {file} is a folder, and a file was expected; give a file's path.");
        if (File.Exists(file) && !overwrite)
            throw new ModelException($"{option} {file} exists, and a new file was expected; give another path, or --overwrite to replace it.");
        CheckWritable(file, option);
    }

    /// <summary>Makes the folder that a file will be written to.</summary>
    public static void MakeFolderOf(string file) => Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);

    /// <summary>The nearest folder above a path that exists already.</summary>
    /// <exception cref="ModelException">A file lies on the way.</exception>
    public static string ExistingFolderAbove(string path, string option)
    {
        string? above = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        while (above is not null && !Directory.Exists(above))
        {
            if (File.Exists(above))
                throw new ModelException($"{option} {path}: {above} is a file, and a folder was expected; give another path.");
            above = Path.GetDirectoryName(above);
        }
        return above ?? Path.GetFullPath(path);
    }

    private static void CheckWritable(string path, string option)
    {
        string above = Directory.Exists(path) ? Path.GetFullPath(path) : ExistingFolderAbove(path, option);
        string probe = Path.Combine(above, $".engine-{Guid.NewGuid():N}.tmp");
        try
        {
            using FileStream stream = new(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelException(
                $"{option} {path}: the folder {above} cannot be written to; a writable folder was expected; give another path or change its permissions.",
                exception);
        }
    }
}
