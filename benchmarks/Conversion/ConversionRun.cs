using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Engine.Benchmarks.SideBySide;
using Engine.Model.Conversion;

namespace Engine.Benchmarks.Conversion;

/// <summary>One conversion, which is the work of one thread, in a process of its own that begins with nothing compiled.</summary>
/// <param name="Seconds">The time of the conversion, the start of .NET excepted.</param>
/// <param name="ProcessorSeconds">The processor time that all threads of the process took for it, the compiler's included.</param>
/// <param name="CopySeconds">The time in which the same process copies as many bytes in memory.</param>
/// <param name="PeakMemory">The most memory that the process had until the conversion was done, in bytes.</param>
internal sealed record ConversionRun(double Seconds, double ProcessorSeconds, double CopySeconds, long PeakMemory)
{
    private const string CommandName = "convert-once";
    private const int CopyBlock = 1 << 28;

    /// <summary>Makes the command of the child process.</summary>
    /// <returns>The command.</returns>
    public static Command Make()
    {
        var source = new Argument<string>("SOURCE");
        var target = new Argument<string>("TARGET");
        var command = new Command(CommandName, "Converts once and prints seconds, processor seconds, seconds of memcpy, bytes of memory; convert starts it.") { source, target };
        command.Hidden = true;
        command.SetAction(parsed => Console.WriteLine(Measure(parsed.GetValue(source)!, parsed.GetValue(target)!)));
        return command;
    }

    /// <summary>Starts the child process and waits for it.</summary>
    /// <param name="source">What is converted.</param>
    /// <returns>What it measured.</returns>
    /// <exception cref="PeerException">The process failed.</exception>
    public static ConversionRun Start(SyntheticCheckpoint source)
    {
        var target = source.Folder + "-converted";
        try
        {
            var start = ChildProcess.MakeStart([CommandName, source.Folder, target]);
            start.RedirectStandardOutput = true;
            using var process = Process.Start(start)!;
            string[] numbers = process.StandardOutput.ReadToEnd().Split(' ', StringSplitOptions.TrimEntries);
            process.WaitForExit();
            return process.ExitCode == 0 && numbers.Length == 4
                ? new ConversionRun(Number(numbers[0]), Number(numbers[1]), Number(numbers[2]), long.Parse(numbers[3], CultureInfo.InvariantCulture))
                : throw new PeerException("the process that converts failed (its messages stand above)");
        }
        finally
        {
            if (Directory.Exists(target))
                Directory.Delete(target, recursive: true);
        }

        static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
    }

    private static string Measure(string source, string target)
    {
        using var process = Process.GetCurrentProcess();
        var processorStart = process.TotalProcessorTime;
        var start = Stopwatch.GetTimestamp();
        using (var conversion = CheckpointConversion.Open(source, new ConversionOptions()))
            conversion.Write(target);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        process.Refresh();
        var processorSeconds = (process.TotalProcessorTime - processorStart).TotalSeconds;
        var memory = process.PeakWorkingSet64;
        var bytes = Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);
        return string.Create(CultureInfo.InvariantCulture, $"{seconds} {processorSeconds} {Copy(bytes)} {memory}");
    }

    private static double Copy(long bytes)
    {
        var (from, to) = (new byte[CopyBlock], new byte[CopyBlock]);
        from.AsSpan().Fill(1);
        from.CopyTo(to, 0);
        var start = Stopwatch.GetTimestamp();
        for (var rest = bytes; rest > 0; rest -= CopyBlock)
            from.AsSpan(0, (int)Math.Min(rest, CopyBlock)).CopyTo(to);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
