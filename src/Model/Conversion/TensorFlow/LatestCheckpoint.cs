using System.Text.RegularExpressions;
using Engine.Model.Checkpoints;

namespace Engine.Model.Conversion.TensorFlow;

/// <summary>
/// Which of a folder's checkpoints is the last: training runs keep several, and write the last one's name into a file <c>checkpoint</c>
/// (tensorflow/python/training/checkpoint_state.proto, in protocol buffers' text form).
/// </summary>
internal static partial class LatestCheckpoint
{
    private const string FileName = "checkpoint";
    private const int MaxBytes = 1 << 20;

    /// <summary>The prefix that the folder's file names, if it is one of those found.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="prefixes">The prefixes of the checkpoints in it.</param>
    /// <returns>The prefix, or null: there is no such file, or it names a checkpoint that is not there.</returns>
    /// <exception cref="ModelException">The file cannot be read.</exception>
    public static string? In(string folder, IReadOnlyCollection<string> prefixes)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            return null;
        var match = Latest().Match(System.Text.Encoding.UTF8.GetString(CheckedFile.ReadWhole(path, MaxBytes)));

        // The path may be that of the machine which trained: only its last part says something here.
        string name = match.Groups[1].Value;
        name = name[(name.LastIndexOfAny(['/', '\\']) + 1)..];
        return match.Success ? prefixes.FirstOrDefault(prefix => Path.GetFileName(prefix) == name) : null;
    }

    [GeneratedRegex("""^\s*model_checkpoint_path\s*:\s*"([^"\n]*)"\s*$""", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Latest();
}
