namespace Engine.Model.Tests;

/// <summary>Where the repository keeps what tests read.</summary>
internal static class Fixtures
{
    private static readonly string Root = FindRoot();

    /// <summary>The weights that ship.</summary>
    public static string MiniLm => Path.Combine(Root, "weights", "all-MiniLM-L6-v2");

    /// <summary>A file or folder below tests/fixtures.</summary>
    public static string At(params string[] parts) => Path.Combine([Root, "tests", "fixtures", .. parts]);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Engine.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException("Tests must run from a folder below the repository, which holds Engine.sln.");
    }
}
