using System.Runtime.InteropServices;

namespace Engine.Compute.Vector.Checked;

/// <summary>How an access uses memory.</summary>
internal enum AccessKind
{
    Read,
    Write,
    Atomic,
}

/// <summary>Who uses memory, and when.</summary>
/// <param name="Group">Number of the group, counted over all launches of the accelerator.</param>
/// <param name="Thread">Linear index in the group.</param>
/// <param name="Warp">Warp of the group.</param>
/// <param name="Epoch">Barriers of the group so far.</param>
/// <param name="WarpEpoch">Barriers of the warp so far.</param>
/// <param name="Site">Number of the access's site.</param>
internal readonly record struct Access(int Group, int Thread, int Warp, int Epoch, int WarpEpoch, int Site);

/// <summary>Which groups come before the one that runs.</summary>
/// <param name="First">Number of the launch's first group: all before it have ended.</param>
/// <param name="Before">Groups of the launch that come before it all the same.</param>
internal readonly record struct GroupOrder(int First, IReadOnlySet<int> Before);

/// <summary>
/// What is known of a stretch of memory, for every four bytes: which of them were written, who wrote them last and who read them last. Two accesses race
/// where neither comes before the other: threads of one group between the same barriers, or two groups of one launch.
/// </summary>
internal sealed unsafe class ShadowMemory : IDisposable
{
    private const int CellBytes = 4;

    private readonly Cell* cells;
    private readonly bool isShared;

    /// <summary>Makes shadow memory in which nothing is written yet.</summary>
    /// <param name="bytes">Bytes that it stands for.</param>
    /// <param name="isShared">Whether it is a group's shared memory: what other groups did to it is forgotten.</param>
    public ShadowMemory(long bytes, bool isShared = false)
    {
        Bytes = bytes;
        this.isShared = isShared;
        cells = (Cell*)NativeMemory.AllocZeroed((nuint)((bytes + CellBytes - 1) / CellBytes), (nuint)sizeof(Cell));
    }

    /// <summary>Bytes that it stands for.</summary>
    public long Bytes { get; }

    /// <summary>Marks bytes as written by the host.</summary>
    public void MarkWritten(long offset, long bytes)
    {
        for (long at = offset; at < offset + bytes;)
        {
            int first = (int)(at % CellBytes);
            int count = (int)Math.Min(CellBytes - first, offset + bytes - at);
            cells[at / CellBytes].Written |= Mask(first, count);
            at += count;
        }
    }

    /// <summary>Notes an access, and finds what is wrong with it.</summary>
    /// <param name="offset">First byte.</param>
    /// <param name="bytes">Bytes.</param>
    /// <param name="kind">What is done.</param>
    /// <param name="access">Who does it.</param>
    /// <param name="launch">The launch's first group, and the groups that come before this one.</param>
    /// <param name="other">Of a race, the access that it races with.</param>
    /// <returns>What is wrong, or null.</returns>
    public KernelFaultKind? Note(long offset, int bytes, AccessKind kind, in Access access, in GroupOrder launch, out Access other)
    {
        other = default;
        KernelFaultKind? found = null;
        for (long at = offset; at < offset + bytes;)
        {
            int first = (int)(at % CellBytes);
            int count = (int)Math.Min(CellBytes - first, offset + bytes - at);
            found ??= Note(ref cells[at / CellBytes], Mask(first, count), kind, access, launch, out other);
            at += count;
        }
        return found;
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.Free(cells);

    private KernelFaultKind? Note(ref Cell cell, int mask, AccessKind kind, in Access access, in GroupOrder launch, out Access other)
    {
        KernelFaultKind? found = null;
        other = default;
        if (isShared && cell.Owner != access.Group) cell = new Cell { Owner = access.Group };
        if (kind != AccessKind.Write && (cell.Written & mask) != mask) found = KernelFaultKind.Unwritten;
        bool pastWriteIsAtomic = kind == AccessKind.Atomic && cell.WriteIsAtomic;
        if ((cell.WriteMask & mask) != 0 && !pastWriteIsAtomic && Race(cell.Write, access, launch) is { } withWriter)
        {
            found ??= withWriter;
            other = cell.Write;
        }
        else if (kind != AccessKind.Read && (cell.ReadMask & mask) != 0)
        {
            foreach (var reader in (ReadOnlySpan<Access>)[cell.Read, cell.OtherRead])
            {
                if (reader.Group == 0 || Race(reader, access, launch) is not { } withReader) continue;
                found ??= withReader;
                other = reader;
                break;
            }
        }
        if (kind == AccessKind.Read) NoteRead(ref cell, mask, access, launch);
        else NoteWrite(ref cell, mask, kind == AccessKind.Atomic, access);
        return found;
    }

    /// <summary>Keeps the last reader, and another one that is not ordered with it: a writer may be the last reader itself.</summary>
    private void NoteRead(ref Cell cell, int mask, in Access access, in GroupOrder launch)
    {
        if (cell.OtherRead.Group != 0 && Race(cell.OtherRead, access, launch) is null) cell.OtherRead = default;
        if (cell.Read.Group != 0 && Race(cell.Read, access, launch) is not null)
        {
            if (cell.OtherRead.Group == 0) cell.OtherRead = cell.Read;
            cell.ReadMask |= mask;
        }
        else
        {
            bool sameStretch = cell.Read.Group == access.Group && cell.Read.Epoch == access.Epoch && cell.Read.WarpEpoch == access.WarpEpoch;
            cell.ReadMask = sameStretch || cell.OtherRead.Group != 0 ? cell.ReadMask | mask : mask;
        }
        cell.Read = access;
    }

    private static void NoteWrite(ref Cell cell, int mask, bool isAtomic, in Access access)
    {
        bool continues = cell.Write.Group == access.Group && cell.Write.Thread == access.Thread && cell.Write.Epoch == access.Epoch;
        cell.WriteMask = continues ? cell.WriteMask | mask : mask;
        cell.WriteIsAtomic = isAtomic && (!continues || cell.WriteIsAtomic);
        cell.Write = access;
        cell.Written |= mask;
    }

    /// <summary>How two accesses are unordered, or null where one comes before the other.</summary>
    private KernelFaultKind? Race(in Access past, in Access access, in GroupOrder launch)
    {
        if (past.Group == access.Group)
        {
            bool ordered = past.Thread == access.Thread || past.Epoch != access.Epoch || (past.Warp == access.Warp && past.WarpEpoch != access.WarpEpoch);
            return ordered ? null : KernelFaultKind.RaceInGroup;
        }
        return isShared || past.Group < launch.First || launch.Before.Contains(past.Group) ? null : KernelFaultKind.RaceBetweenGroups;
    }

    private static int Mask(int first, int count) => ((1 << count) - 1) << first;

    /// <summary>Four bytes. Groups are numbered from 1, so that a cell of zeros knows of no access.</summary>
    private struct Cell
    {
        public int Owner;
        public int Written;
        public int WriteMask;
        public int ReadMask;
        public bool WriteIsAtomic;
        public Access Write;
        public Access Read;
        public Access OtherRead;
    }
}
