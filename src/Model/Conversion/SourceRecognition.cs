namespace Engine.Model.Conversion;

/// <summary>Finds out what a path leads to.</summary>
internal static class SourceRecognition
{
    /// <summary>Opens what a path leads to.</summary>
    /// <exception cref="ModelException">It is nothing that can be converted.</exception>
    public static SourceModel Open(string path)
    {
        string folder = path;
        if (Directory.Exists(folder) && HuggingFaceFolder.Is(folder))
            return HuggingFaceFolder.Open(folder, path);
        throw new ModelException($"{path}: no such file or folder, expected a checkpoint: a folder, a prefix or one of its files");
    }
}
