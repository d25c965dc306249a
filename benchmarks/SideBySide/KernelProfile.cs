using System.Diagnostics;
using Engine.Compute;

namespace Engine.Benchmarks.SideBySide;

/// <summary>Prints where the time of our side goes, kernel by kernel.</summary>
internal static class KernelProfile
{
    /// <summary>Runs the work some more times and prints the mean of them.</summary>
    /// <param name="device">The device that it runs on.</param>
    /// <param name="work">The work.</param>
    /// <param name="calls">How often it is run.</param>
    /// <param name="steps">Steps of one call, for which the times are told.</param>
    public static void Show(ComputeDevice device, Action work, int calls, int steps = 1)
    {
        var profile = device.StartProfile();
        var start = Stopwatch.GetTimestamp();
        for (var call = 0; call < calls; call++)
            work();
        var total = Stopwatch.GetElapsedTime(start);
        device.StopProfile();
        var all = calls * steps;
        Console.WriteLine();
        Console.WriteLine($"  {"kernel",-52}{"launches",10}{"ms",10}{"share",9}");
        foreach (var kernel in profile.Kernels)
            Console.WriteLine($"  {kernel.Kernel,-52}{kernel.Launches / all,10}{kernel.Total.TotalMilliseconds / all,10:F2}{kernel.Total / total,9:P1}");
        var rest = total - TimeSpan.FromTicks(profile.Kernels.Sum(kernel => kernel.Total.Ticks));
        Console.WriteLine($"  {"between kernels",-52}{string.Empty,10}{rest.TotalMilliseconds / all,10:F2}{rest / total,9:P1}");
    }
}
