namespace Engine.Compute;

/// <summary>The time that kernels took on the vector CPU, by kernel. Safe from any thread.</summary>
public sealed class LaunchProfile
{
    private readonly Dictionary<string, KernelTime> times = [];

    /// <summary>Gets what was measured so far, longest total time first.</summary>
    public IReadOnlyList<KernelTime> Kernels
    {
        get
        {
            lock (times)
            {
                return [.. times.Values.OrderByDescending(time => time.Total)];
            }
        }
    }

    /// <summary>Enters one launch.</summary>
    /// <param name="kernel">Class and method of the kernel, and its type arguments in angle brackets.</param>
    /// <param name="elapsed">From the launch to its end.</param>
    internal void Add(string kernel, TimeSpan elapsed)
    {
        lock (times)
        {
            var before = times.GetValueOrDefault(kernel, new KernelTime(kernel, 0, TimeSpan.Zero));
            times[kernel] = before with { Launches = before.Launches + 1, Total = before.Total + elapsed };
        }
    }
}

/// <summary>The launches of one kernel.</summary>
/// <param name="Kernel">Class and method of the kernel, and its type arguments in angle brackets.</param>
/// <param name="Launches">How often it was launched.</param>
/// <param name="Total">The time of all launches together, each from its start to its end.</param>
public sealed record KernelTime(string Kernel, int Launches, TimeSpan Total);
