namespace Engine.Runner.Tests;

/// <summary>Files of the repository.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string Weights => Path.Combine(Root, "weights", "all-MiniLM-L6-v2");

    /// <summary>A BERT of two layers with a hidden size of 32 and a vocabulary of 256 tokens.</summary>
    public static string SmallModel => Path.Combine(Root, "tests", "fixtures", "models", "erf");

    private static string Find()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Engine.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"Engine.sln is not above {AppContext.BaseDirectory}.");
    }
}
