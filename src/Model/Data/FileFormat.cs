namespace Engine.Model.Data;

/// <summary>What a data file's name says about its format.</summary>
public static class FileFormat
{
    /// <summary>Whether a file holds a JSON object on each line: its name ends in .jsonl or .ndjson.</summary>
    /// <param name="path">The file's path.</param>
    public static bool IsJsonLines(string path) => Path.GetExtension(path).ToLowerInvariant() is ".jsonl" or ".ndjson";

    /// <summary>Whether a file holds a text on each line: its name ends in .txt.</summary>
    /// <param name="path">The file's path.</param>
    public static bool IsPlainText(string path) => Path.GetExtension(path).Equals(".txt", StringComparison.OrdinalIgnoreCase);
}
