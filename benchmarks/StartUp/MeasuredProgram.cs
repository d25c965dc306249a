using System.Diagnostics;
using Engine.Benchmarks.SideBySide;

namespace Engine.Benchmarks.StartUp;

/// <summary>A program whose start is measured.</summary>
/// <param name="Name">What to call it.</param>
/// <param name="Command">What starts it: the program, or <c>dotnet</c> and the assembly.</param>
internal sealed record MeasuredProgram(string Name, params IReadOnlyList<string> Command)
{
    /// <summary>Finds a program that was built, which .NET runs.</summary>
    /// <param name="assembly">Its assembly's path in the repository.</param>
    /// <exception cref="IOException">It is not there.</exception>
    public static MeasuredProgram Built(string assembly) => new(
        "built", "dotnet", RepositoryFiles.Find(assembly) ?? throw new IOException($"{assembly}: is not in this folder or above; run in the repository, after dotnet build -c Release"));

    /// <summary>Finds a program that was published.</summary>
    /// <param name="option">The option that names the folder, for the message.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="name">The program's name.</param>
    /// <param name="project">What is published.</param>
    /// <exception cref="IOException">It is not there.</exception>
    public static MeasuredProgram Published(string option, string folder, string name, string project)
    {
        var file = Path.GetFullPath(Path.Combine(folder, OperatingSystem.IsWindows() ? name + ".exe" : name));
        return File.Exists(file)
            ? new("published", file)
            : throw new IOException($"{option} {folder}: has no {Path.GetFileName(file)}; expected what 'dotnet publish -c Release {project} -o {folder}' makes");
    }

    /// <summary>Runs it to its end.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>The seconds from its start to its end, and what it wrote.</returns>
    /// <exception cref="PeerException">It failed.</exception>
    public (double Seconds, string Output) Run(params string[] arguments)
    {
        ProcessStartInfo start = new(Command[0], [.. Command.Skip(1), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        var began = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        return process.ExitCode == 0
            ? (seconds, output)
            : throw new PeerException($"{string.Join(' ', Command)} {string.Join(' ', arguments)}: exit code {process.ExitCode}: {errors.Result.Trim()}");
    }
}
