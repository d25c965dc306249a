using System.Diagnostics;

namespace Engine.Benchmarks.SideBySide;

/// <summary>
/// Several things that are measured in turns, so that whatever else the machine does falls on all of them. Each turn begins with a pause: threads of a library
/// that wait in a loop after a call would take the others' cores for a while; and with calls that do not count, since cores that
/// slept are slow to wake.
/// </summary>
/// <param name="actions">The things, each one call.</param>
internal sealed class Turns(params IReadOnlyList<Action> actions)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private readonly List<double>[] times = [.. actions.Select(_ => new List<double>())];

    /// <summary>Gets or sets how many calls of a turn are timed together.</summary>
    public int Calls { get; set; } = 1;

    /// <summary>Gets or sets how many calls come before them.</summary>
    public int WarmUp { get; set; }

    /// <summary>Gets the median seconds of one call of each.</summary>
    public IReadOnlyList<double> Medians => [.. times.Select(values => Quantile(values, 0.5))];

    /// <summary>Gets the quartiles of each: a quarter of the calls took less than the first, a quarter more than the second.</summary>
    public IReadOnlyList<(double Lower, double Upper)> Quartiles => [.. times.Select(values => (Quantile(values, 0.25), Quantile(values, 0.75)))];

    /// <summary>Gets the seconds of one call of each in the latest turn.</summary>
    public IReadOnlyList<double> Latest => [.. times.Select(values => values[^1])];

    /// <summary>One turn of each.</summary>
    public void Turn()
    {
        for (var i = 0; i < actions.Count; i++)
            times[i].Add(Time(actions[i]));
    }

    private static double Quantile(List<double> values, double part)
    {
        double[] sorted = [.. values.Order()];
        var position = part * (sorted.Length - 1);
        var below = (int)position;
        var above = Math.Min(below + 1, sorted.Length - 1);
        return sorted[below] + ((position - below) * (sorted[above] - sorted[below]));
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
