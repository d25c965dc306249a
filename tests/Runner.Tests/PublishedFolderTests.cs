using System.Diagnostics;
using Xunit;

namespace Engine.Runner.Tests;

/// <summary>What <c>dotnet publish</c> makes works by itself: elsewhere, in an empty folder, where no .NET is installed, with the bits of the ordinary build.</summary>
public sealed class PublishedFolderTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    [Trait("Category", "Full")]
    public void Published_program_trains_and_predicts_without_sdk_as_the_ordinary_build_does()
    {
        Skip.IfNot(Environment.GetEnvironmentVariable("ENGINE_FULL_TESTS") == "1", "Publishing takes minutes; set ENGINE_FULL_TESTS=1 to run it.");
        string published = _folder.File("published"), given = _folder.File("given"), empty = Directory.CreateDirectory(_folder.File("empty")).FullName;
        Run(new ProcessStartInfo("dotnet", ["publish", "-c", "Release", Path.Combine(Repository.Root, "src", "Runner"), "-o", published, "-v", "q"])
        {
            WorkingDirectory = Repository.Root,
        });
        // Given away: it is no longer where it was made.
        Directory.Move(published, given);
        string input = _folder.Write("input.csv", "id,text\n1,Forest fire near La Ronge Sask. Canada\n2,I love this song\n3,What a goal\n");
        string[] train = ["train", "--epochs", "1", "--device", "cpu", "--max-length", "24", "--out"];
        string[] predict = ["predict", "--input", input, "--all-probabilities", "--device", "cpu"];

        // Weights and samples are not named: those that were published are found beside the program.
        RunGiven([.. train, "model"]);
        RunGiven([.. predict, "--model", "model", "--out", "predictions.csv"]);

        string model = _folder.File("model"), predictions = _folder.File("predictions.csv");
        RunOrdinary([.. train, model]);
        RunOrdinary([.. predict, "--model", model, "--out", predictions]);
        Assert.Equal(File.ReadAllBytes(Path.Combine(model, "model.safetensors")), File.ReadAllBytes(Path.Combine(empty, "model", "model.safetensors")));
        // Numbers are written with as many digits as tell every float from its neighbours.
        Assert.Equal(File.ReadAllText(predictions), File.ReadAllText(Path.Combine(empty, "predictions.csv")));
        Assert.Equal(4, File.ReadAllLines(predictions).Length);

        void RunGiven(string[] arguments)
        {
            ProcessStartInfo start = new(Path.Combine(given, "engine"), arguments) { WorkingDirectory = empty };
            start.Environment.Clear();
            // A program that needs an installed .NET would look here, and nowhere else.
            start.Environment["DOTNET_ROOT"] = empty;
            start.Environment["PATH"] = empty;
            Run(start);
        }

        void RunOrdinary(string[] arguments) =>
            Run(new ProcessStartInfo("dotnet", [typeof(CommandLine).Assembly.Location, .. arguments]) { WorkingDirectory = Repository.Root });
    }

    private static void Run(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{start.FileName} {string.Join(' ', start.ArgumentList)}: exit code {process.ExitCode}\n{output.Result}{error}");
    }
}
