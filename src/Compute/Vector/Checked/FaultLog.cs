namespace Engine.Compute.Vector.Checked;

/// <summary>Keeps what was found until the next synchronization. The same fault at one place in many groups is kept once.</summary>
internal sealed class FaultLog
{
    private const int MaxFaults = 50;
    private const int MaxThreads = 4;

    private readonly Lock entering = new();
    private readonly List<Entry> entries = [];
    private readonly HashSet<(KernelFaultKind Kind, string Kernel, string Source)> left = [];

    /// <summary>Enters a fault of one thread.</summary>
    /// <param name="fault">The fault, its threads left empty.</param>
    /// <param name="thread">The thread's index in its group.</param>
    public void Add(KernelFault fault, (int X, int Y, int Z) thread)
    {
        lock (entering)
        {
            var known = entries.FindLast(entry => entry.Fault.Kind == fault.Kind && entry.Fault.Kernel == fault.Kernel && entry.Fault.Source == fault.Source);
            if (known is not null)
            {
                // What happens in further groups says nothing new, nor what a thread does again.
                if (known.Fault.Group == fault.Group) known.Threads.TryAdd(thread, true);
                return;
            }
            if (entries.Count == MaxFaults) left.Add((fault.Kind, fault.Kernel, fault.Source));
            else entries.Add(new Entry(fault, new() { [thread] = true }));
        }
    }

    /// <summary>Throws what was found since the last time.</summary>
    /// <exception cref="KernelFaultException">Something was found.</exception>
    public void ThrowIfAny()
    {
        KernelFaultException exception;
        lock (entering)
        {
            if (entries.Count == 0) return;
            exception = new KernelFaultException(
                [.. entries.Select(entry => entry.Fault with { Threads = [.. entry.Threads.Keys.Take(MaxThreads)], ThreadCount = entry.Threads.Count })], left.Count);
            entries.Clear();
            left.Clear();
        }
        throw exception;
    }

    /// <summary>A fault, and the threads that it befell in the order in which it did.</summary>
    private sealed record Entry(KernelFault Fault, OrderedDictionary<(int X, int Y, int Z), bool> Threads);
}
