using System.Diagnostics;
using Xunit;

namespace Engine.Runner.Tests;

/// <summary>The tables of figures in the documentation, which no hand writes.</summary>
public sealed class DocumentedFiguresTests : IDisposable
{
    private static readonly string[] Pages = ["README.md", Path.Combine("docs", "performance.md")];

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_tables_are_what_was_measured()
    {
        // The command that writes them, on copies of the pages and of what was measured, leaves the pages as they are.
        foreach (string file in Pages.Append(Path.Combine("benchmarks", "figures.jsonl")))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder.File(file))!);
            _folder.Write(file, File.ReadAllText(Path.Combine(Repository.Root, file)));
        }
        // Built beside this project, in the same configuration.
        string output = Path.GetRelativePath(Path.Combine(Repository.Root, "tests", "Runner.Tests"), AppContext.BaseDirectory);
        ProcessStartInfo start = new("dotnet", [Path.Combine(Repository.Root, "benchmarks", output, "engine-benchmarks.dll"), "report", "--tables"])
        {
            WorkingDirectory = _folder.Path,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal((0, ""), (process.ExitCode, error));
        foreach (string page in Pages)
            Assert.Equal(File.ReadAllText(Path.Combine(Repository.Root, page)), File.ReadAllText(_folder.File(page)));
    }
}
