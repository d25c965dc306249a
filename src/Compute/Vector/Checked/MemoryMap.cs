namespace Engine.Compute.Vector.Checked;

/// <summary>The buffers of an accelerator in checked mode, found by address.</summary>
internal sealed unsafe class MemoryMap
{
    private readonly Lock changing = new();
    private readonly SortedList<long, Entry> entries = [];
    private Entry[] sorted = [];
    private Entry? latest;

    /// <summary>One buffer.</summary>
    /// <param name="Start">Its address.</param>
    /// <param name="Bytes">Its size.</param>
    /// <param name="ElementSize">Bytes of an element.</param>
    /// <param name="Shadow">What is known of its content.</param>
    internal sealed record Entry(long Start, long Bytes, int ElementSize, ShadowMemory Shadow);

    /// <summary>Enters a buffer.</summary>
    public void Add(byte* start, long bytes, int elementSize, bool isWritten)
    {
        var entry = new Entry((long)start, bytes, elementSize, new ShadowMemory(bytes));
        if (isWritten) entry.Shadow.MarkWritten(0, bytes);
        lock (changing)
        {
            entries[entry.Start] = entry;
            sorted = [.. entries.Values];
        }
    }

    /// <summary>Enters memory that is not the accelerator's but that a kernel is given, all of it written; does nothing where it is known.</summary>
    public void AddForeign(byte* start, long bytes)
    {
        if (Find((long)start, bytes) is null) Add(start, bytes, 1, true);
    }

    /// <summary>Removes a buffer.</summary>
    public void Remove(byte* start)
    {
        lock (changing)
        {
            if (!entries.Remove((long)start, out var entry)) return;
            sorted = [.. entries.Values];
            latest = null;
            entry.Shadow.Dispose();
        }
    }

    /// <summary>Notes that the host wrote to a buffer.</summary>
    public void MarkWritten(byte* start, long bytes)
    {
        if (Find((long)start, bytes) is { } entry) entry.Shadow.MarkWritten((long)start - entry.Start, bytes);
    }

    /// <summary>Finds the buffer that holds a stretch of memory, or null.</summary>
    public Entry? Find(long address, long bytes)
    {
        var known = latest;
        if (known is not null && Holds(known, address, bytes)) return known;
        if (Below(address) is not { } entry || !Holds(entry, address, bytes)) return null;
        latest = entry;
        return entry;
    }

    /// <summary>Finds the buffer whose start is the last one at or below an address, or null.</summary>
    public Entry? Below(long address)
    {
        var all = sorted;
        int low = 0, high = all.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (all[middle].Start <= address) low = middle + 1;
            else high = middle;
        }
        return low == 0 ? null : all[low - 1];
    }

    private static bool Holds(Entry entry, long address, long bytes) => address >= entry.Start && address + bytes <= entry.Start + entry.Bytes;
}
