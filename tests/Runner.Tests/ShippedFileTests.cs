using System.Diagnostics;
using Xunit;

namespace Engine.Runner.Tests;

/// <summary>The program where the weights and samples that ship with it are not: one line, exit code 2, nothing touched on the disk.</summary>
public sealed class ShippedFileTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("--model FOLDER", "embed", "--input", "texts.csv", "--out", "vectors.csv")]
    [InlineData("--train FILE", "train", "--model", "model", "--out", "run")]
    public void What_ships_is_missed(string instead, params string[] arguments)
    {
        // A copy of the program: the folders above it and above the current one hold nothing that ships.
        string program = Path.GetDirectoryName(typeof(CommandLine).Assembly.Location)!;
        Directory.CreateDirectory(_folder.File("program"));
        foreach (string file in Directory.GetFiles(program).Where(file => !Path.GetFileName(file).Contains("est", StringComparison.Ordinal)))
            File.Copy(file, Path.Combine(_folder.File("program"), Path.GetFileName(file)));
        _folder.CopyModel();
        _folder.Write("texts.csv", SmallTask.Csv(6));
        _folder.AssertUntouched(() =>
        {
            ProcessStartInfo start = new("dotnet", [Path.Combine(_folder.File("program"), "engine.dll"), .. arguments])
            {
                WorkingDirectory = _folder.Path,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process process = Process.Start(start)!;
            string error = process.StandardError.ReadToEnd(), output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            new CommandRun(process.ExitCode, output, error).AssertBadInput(
                ", which ships with the repository, is neither in ", "nor in the program's folder nor above them", $"run in the repository or give {instead}");
        });
    }
}
