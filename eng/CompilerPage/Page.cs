using System.Text.RegularExpressions;

namespace Engine.CompilerPage;

/// <summary>
/// <c>docs/compiler.md</c>. A line such as <c>&lt;!-- show MeanPool imported b4 b5 --&gt;</c> names a kernel, a stage and the blocks or values of it that the fenced
/// block below shows; without any, that block shows the whole stage.
/// </summary>
public static partial class Page
{
    /// <summary>The page, from the repository's root.</summary>
    public const string File = "docs/compiler.md";

    /// <summary>What renews it.</summary>
    public const string Command = "dotnet run -c Release --project eng/CompilerPage";

    private const string Fence = "```";

    /// <summary>Finds the repository around the running program.</summary>
    /// <returns>The folder.</returns>
    /// <exception cref="InvalidOperationException">It runs outside of the repository.</exception>
    public static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !System.IO.File.Exists(Path.Combine(folder.FullName, "Engine.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException($"Engine.sln is not above {AppContext.BaseDirectory}");
    }

    /// <summary>Compiles the page's kernels and puts what they become into the page.</summary>
    /// <param name="page">The page's text.</param>
    /// <returns>The page as it has to be, with line feeds.</returns>
    /// <exception cref="InvalidOperationException">A marker names what there is not, or no fenced block follows it.</exception>
    public static string Renew(string page)
    {
        ArgumentNullException.ThrowIfNull(page);
        var lines = page.ReplaceLineEndings("\n").Split('\n');
        var renewed = new List<string>();
        for (var index = 0; index < lines.Length; index++)
        {
            renewed.Add(lines[index]);
            if (Marker().Match(lines[index]) is not { Success: true } marker)
                continue;
            var place = $"{File}, line {index + 1}";
            var end = index + 1 < lines.Length && lines[index + 1].StartsWith(Fence, StringComparison.Ordinal) ? Array.IndexOf(lines, Fence, index + 2) : -1;
            if (end < 0)
                throw new InvalidOperationException($"{place}: expected a block between {Fence} and {Fence} below the marker");
            renewed.Add(lines[index + 1]);
            renewed.AddRange(Listing(marker.Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries), place));
            renewed.Add(Fence);
            index = end;
        }

        return string.Join('\n', renewed);
    }

    /// <summary>Compares two texts of the page, whatever ends their lines.</summary>
    /// <param name="page">The page as it is.</param>
    /// <param name="renewed">The page as it has to be.</param>
    /// <returns>The first line that differs, or null.</returns>
    public static string? FirstDifference(string page, string renewed)
    {
        ArgumentNullException.ThrowIfNull(page);
        ArgumentNullException.ThrowIfNull(renewed);
        var old = page.ReplaceLineEndings("\n").Split('\n');
        var made = renewed.ReplaceLineEndings("\n").Split('\n');
        for (var index = 0; index < Math.Max(old.Length, made.Length); index++)
        {
            var (was, becomes) = (old.ElementAtOrDefault(index), made.ElementAtOrDefault(index));
            if (was != becomes)
                return $"line {index + 1} was \"{was}\" and becomes \"{becomes}\"";
        }

        return null;
    }

    private static IEnumerable<string> Listing(string[] words, string place)
    {
        if (words.Length < 2 || ShownKernel.Find(words[0]) is not { } kernel || kernel.Stage(words[1]) is not { } stage)
            throw new InvalidOperationException($"{place}: expected a kernel, a stage (csharp, source, imported, ir, il) and what to show of it, got \"{string.Join(' ', words)}\"");
        var (shown, missing) = Excerpt.Of(stage, words[2..]);
        if (missing is not null)
            throw new InvalidOperationException($"{place}: {words[0]} has no {missing} at the stage {words[1]} any more; see all of it by dump-kernel and name another block or value");
        return words[1] == "il" ? Excerpt.Join(shown) : shown;
    }

    [GeneratedRegex("^<!-- show (.*) -->$")]
    private static partial Regex Marker();
}
