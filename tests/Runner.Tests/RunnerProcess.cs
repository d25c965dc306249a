using System.Diagnostics;
using System.Text;

namespace Engine.Runner.Tests;

/// <summary>The program as a process of its own, to be killed or to be given limits.</summary>
internal sealed class RunnerProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();

    private RunnerProcess(string file, IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Append(_error, line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public bool HasExited => _process.HasExited;

    /// <summary>Starts a command.</summary>
    public static RunnerProcess Start(params string[] arguments) => new("dotnet", arguments.Prepend(Assembly));

    /// <summary>Starts a command below a shell that has set limits.</summary>
    /// <param name="limits">What the shell does first: <c>ulimit -f 100</c>.</param>
    /// <param name="arguments">The arguments of the command.</param>
    public static RunnerProcess StartBelow(string limits, params string[] arguments) =>
        new("/bin/sh", ["-c", $"{limits}; exec dotnet \"$@\"", "sh", Assembly, .. arguments]);

    /// <summary>Waits for the end.</summary>
    public CommandRun Wait()
    {
        _process.WaitForExit();
        lock (_output)
        {
            lock (_error)
                return new CommandRun(_process.ExitCode, _output.ToString(), _error.ToString());
        }
    }

    /// <summary>Ends the process at once, as <c>kill -9</c> does.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            Kill();
        _process.Dispose();
    }

    private static string Assembly => typeof(CommandLine).Assembly.Location;

    private static void Append(StringBuilder text, string? line)
    {
        if (line is null)
            return;
        lock (text)
            text.Append(line).Append('\n');
    }
}
