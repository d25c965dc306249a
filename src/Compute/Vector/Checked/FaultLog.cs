namespace Engine.Compute.Vector.Checked;

/// <summary>Keeps what was found until the next synchronization. The same fault at one place in many groups is kept once.</summary>
internal sealed class FaultLog
{
    private const int MaxFaults = 50;
    private const int MaxThreads = 4;

    private readonly Lock entering = new();
    private readonly List<Entry> entries = [];
    private int more;

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
                // What happens in further groups says nothing new.
                if (known.Fault.Group != fault.Group || known.Threads.Contains(thread)) return;
                known.Count++;
                if (known.Threads.Count < MaxThreads) known.Threads.Add(thread);
                return;
            }
            if (entries.Count == MaxFaults) more++;
            else entries.Add(new Entry(fault, [thread]));
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
            exception = new KernelFaultException([.. entries.Select(entry => entry.Fault with { Threads = entry.Threads, ThreadCount = entry.Count })], more);
            entries.Clear();
            more = 0;
        }
        throw exception;
    }

    private sealed class Entry(KernelFault fault, List<(int X, int Y, int Z)> threads)
    {
        public KernelFault Fault { get; } = fault;

        public List<(int X, int Y, int Z)> Threads { get; } = threads;

        public int Count { get; set; } = threads.Count;
    }
}
