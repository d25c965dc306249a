using System.Runtime.InteropServices;

namespace Engine.Benchmarks.SideBySide;

/// <summary>What a figure has to be quoted with.</summary>
internal static class Machine
{
    /// <summary>Gets the processor's name, how wide its vectors are, and its number of cores.</summary>
    public static string Processor { get; } = $"{ProcessorName()}, {Environment.ProcessorCount} cores";

    /// <summary>Gets the same with the operating system and the runtime.</summary>
    public static string Description => $"{Processor}, {RuntimeInformation.OSDescription}, .NET {Environment.Version}";

    /// <summary>Gets the largest working set that this process had, in bytes.</summary>
    public static long PeakMemory
    {
        get
        {
            using var process = System.Diagnostics.Process.GetCurrentProcess();
            return process.PeakWorkingSet64;
        }
    }

    private static string ProcessorName()
    {
        const string CpuInfo = "/proc/cpuinfo";
        string[] lines = File.Exists(CpuInfo) ? File.ReadAllLines(CpuInfo) : [];
        if (Value("model name") is not { } name)
            return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.ProcessArchitecture.ToString();

        // Virtual machines hide which one it is; family and model tell.
        return $"{name} (family {Value("cpu family")}, model {Value("model")}{(Value("flags")?.Contains(" avx512f ", StringComparison.Ordinal) == true ? ", AVX-512" : string.Empty)})";

        string? Value(string key) => lines
            .Select(line => line.Split(':', 2, StringSplitOptions.TrimEntries))
            .FirstOrDefault(parts => parts.Length == 2 && parts[0] == key)?[1];
    }
}
