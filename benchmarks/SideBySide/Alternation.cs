using System.Diagnostics;

namespace Engine.Benchmarks.SideBySide;

/// <summary>
/// Two things that are measured in turns, so that whatever else the machine does falls on both. Each turn begins with a pause: threads of a library
/// that wait in a loop after a call would take the other's cores for a while; and with calls that do not count, since cores that
/// slept are slow to wake.
/// </summary>
internal sealed class Alternation(Action first, Action second)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private readonly List<double> firstTimes = [];
    private readonly List<double> secondTimes = [];

    /// <summary>Gets how many calls of a turn are timed together.</summary>
    public int Calls { get; init; } = 1;

    /// <summary>Gets how many calls come before them.</summary>
    public int WarmUp { get; init; }

    /// <summary>Gets the median seconds of one call of each.</summary>
    public (double First, double Second) Medians => (Median(firstTimes), Median(secondTimes));

    /// <summary>One turn of each.</summary>
    public void Turn()
    {
        firstTimes.Add(Time(first));
        secondTimes.Add(Time(second));
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private double Time(Action action)
    {
        Thread.Sleep(Pause);
        for (var call = 0; call < WarmUp; call++)
            action();
        var start = Stopwatch.GetTimestamp();
        for (var call = 0; call < Calls; call++)
            action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds / Calls;
    }
}
