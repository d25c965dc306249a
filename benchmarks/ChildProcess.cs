using System.Diagnostics;
using System.Reflection;

namespace Engine.Benchmarks;

/// <summary>This program once more, as a child: with settings that .NET reads at its start, or memory of its own to be measured.</summary>
internal static class ChildProcess
{
    /// <summary>Makes what starts it.</summary>
    /// <param name="arguments">The command line after the program's name.</param>
    public static ProcessStartInfo MakeStart(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!);
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, Assembly.GetExecutingAssembly().GetName().Name + ".dll"));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        return start;
    }

    /// <summary>Runs it to its end; what it writes is shown.</summary>
    /// <param name="arguments">The command line after the program's name.</param>
    /// <param name="onError">Gets every line of its standard error; may be null.</param>
    /// <param name="environment">Environment variables that it gets beside this process's own.</param>
    /// <returns>The exit code.</returns>
    public static int Run(IEnumerable<string> arguments, Action<string>? onError, params (string Name, string Value)[] environment)
    {
        var start = MakeStart(arguments);
        start.RedirectStandardError = true;
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        while (process.StandardError.ReadLine() is { } line)
        {
            Console.Error.WriteLine(line);
            if (line.Length > 0)
                onError?.Invoke(line);
        }

        process.WaitForExit();
        return process.ExitCode;
    }
}
