using System.Runtime.InteropServices;
using Engine.Compute.Vector.IR;
using Engine.Compute.Vector.Threads;

namespace Engine.Compute.Vector.Checked;

/// <summary>
/// The checks of one kernel in groups of one shape. Emitted code asks before every access where it may go on: at the address itself or, where that is
/// outside of all memory, at a place where nothing is lost. The group says when its threads have met.
/// </summary>
internal sealed unsafe class ThreadChecks : IDisposable
{
    private const byte Written = 1;

    private readonly CheckedMode mode;
    private readonly string kernel;
    private readonly Function function;
    private readonly ThreadLayout layout;
    private readonly GroupShape shape;
    private readonly bool fences;
    private readonly int warpSize;
    private readonly int[] order;
    private readonly int[] warpEpochs;
    private readonly AccessSite[] meetings;
    private readonly byte* nowhere;
    private ShadowMemory shared;
    private (int X, int Y, int Z) group;
    private byte* scratch;
    private long dynamicBytes;
    private int epoch;

    /// <summary>Prepares the checks.</summary>
    /// <param name="mode">The accelerator's checked mode.</param>
    /// <param name="kernel">Class and method of the kernel.</param>
    /// <param name="function">The kernel.</param>
    /// <param name="layout">Where arrays and frames lie.</param>
    /// <param name="shape">The group's shape.</param>
    /// <param name="warpSize">Threads of a warp.</param>
    public ThreadChecks(CheckedMode mode, string kernel, Function function, ThreadLayout layout, GroupShape shape, int warpSize)
    {
        this.function = function;
        this.shape = shape;
        fences = function.Values.Any(value => value.Op == Opcode.Fence);
        this.mode = mode;
        this.kernel = kernel;
        this.layout = layout;
        this.warpSize = warpSize;
        order = new int[shape.Size];
        warpEpochs = new int[(shape.Size + warpSize - 1) / warpSize];
        meetings = [.. function.Values.Where(value => value.IsCrossThread).Select(value => new AccessSite(kernel, LineOf(value), null))];
        nowhere = (byte*)NativeMemory.AllocZeroed(64);
        shared = new ShadowMemory(layout.Frames, isShared: true);
        mode.Own(this);
    }

    /// <summary>Registers an operation that checks may find fault with.</summary>
    public int Register(Value value, Assertion? assertion = null) => AccessSites.Add(new AccessSite(kernel, LineOf(value), assertion));

    /// <summary>Begins a group.</summary>
    /// <returns>The order of its threads.</returns>
    public ReadOnlySpan<int> Start(int gridX, int gridY, int gridZ, byte* memory, LaunchInfo* launch)
    {
        group = (gridX, gridY, gridZ);
        scratch = memory;
        dynamicBytes = launch->DynamicSharedBytes;
        epoch = 0;
        Array.Clear(warpEpochs);
        if (shared.Bytes < layout.Frames + dynamicBytes)
        {
            shared.Dispose();
            shared = new ShadowMemory(layout.Frames + dynamicBytes, isShared: true);
        }
        ThreadOrders.Fill(order, mode.Options, mode.GroupIndex);
        return order;
    }

    /// <summary>Begins a thread: nothing of its local memory is written yet.</summary>
    public void Start(ThreadFrame* frame) => new Span<byte>((byte*)frame + layout.LocalShadow, layout.FrameBytes - layout.LocalShadow).Clear();

    /// <summary>The threads of a warp have met.</summary>
    public void WarpMet(int warp) => warpEpochs[warp]++;

    /// <summary>The threads of the group have met.</summary>
    /// <param name="frames">Frames of all threads.</param>
    /// <param name="places">Meetings at which threads wait.</param>
    public void GroupMet(ReadOnlySpan<nint> frames, IReadOnlyCollection<int> places)
    {
        epoch++;
        int ended = 0, absent = 0;
        foreach (nint frame in frames)
        {
            if (((ThreadFrame*)frame)->Meeting == ThreadGroup.Ended) ended++;
            if (((ThreadFrame*)frame)->Meeting == ThreadGroup.Absent) absent++;
        }
        if (places.Count <= 1 && ended == 0) return;
        foreach (int place in places)
        {
            var elsewhere = places.Where(other => other != place).Select(other => $"others wait at {meetings[other - 1].Source}");
            if (ended > 0) elsewhere = elsewhere.Append($"{ended} of {frames.Length - absent} threads have ended");
            string detail = $"a barrier that not all threads of the group reach: {string.Join(", ", elsewhere)}";
            foreach (nint frame in frames)
            {
                if (((ThreadFrame*)frame)->Meeting == place) Report(KernelFaultKind.DivergentBarrier, meetings[place - 1].Source, (ThreadFrame*)frame, null, null, detail);
            }
        }
    }

    /// <summary>Called before a load: where to load from.</summary>
    public byte* Read(ThreadFrame* frame, byte* address, int bytes, int site) => Check(frame, address, bytes, site, AccessKind.Read);

    /// <summary>Called before a store: where to store to.</summary>
    public byte* Write(ThreadFrame* frame, byte* address, int bytes, int site) => Check(frame, address, bytes, site, AccessKind.Write);

    /// <summary>Called before an atomic: where it works.</summary>
    public byte* Atomic(ThreadFrame* frame, byte* address, int bytes, int site)
    {
        if (fences) mode.Meet((long)address);
        return Check(frame, address, bytes, site, AccessKind.Atomic);
    }

    /// <summary>Called where an assertion does not hold.</summary>
    public void Fail(ThreadFrame* frame, int site, long index, long length)
    {
        var place = AccessSites.Of(site);
        bool hasIndex = place.Assertion!.Kind == KernelFaultKind.OutOfRange;
        if (hasIndex) frame->FaultySite = site;
        Report(place.Assertion.Kind, place.Source, frame, hasIndex ? index : null, hasIndex ? length : null, Describe(place.Assertion));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        shared.Dispose();
        NativeMemory.Free(nowhere);
    }

    private static string Describe(Assertion assertion) => assertion.Kind switch
    {
        KernelFaultKind.OutOfRange => "an index out of range",
        KernelFaultKind.DivisionByZero => "an integer division by zero whose result is used",
        _ => $"a failed assertion: {assertion.Message}",
    };

    private static SourceLine LineOf(Value value) => value.Source ?? SourceLine.Unknown;

    private byte* Check(ThreadFrame* frame, byte* address, int bytes, int site, AccessKind kind)
    {
        long inFrame = address - ((byte*)frame + layout.Locals);
        if (inFrame >= 0 && inFrame + bytes <= layout.LocalShadow - layout.Locals) return CheckLocal(frame, address, inFrame, bytes, site, kind);
        long inScratch = address - scratch;
        if (inScratch >= 0 && inScratch + bytes <= layout.Frames) return CheckShared(frame, address, inScratch, bytes, site, kind);
        long inDynamic = inScratch - layout.Bytes;
        if (inDynamic >= 0 && inDynamic + bytes <= dynamicBytes) return CheckShared(frame, address, layout.Frames + inDynamic, bytes, site, kind);
        if (mode.Memory.Find((long)address, bytes) is not { } buffer) return Outside(frame, address, site);
        long offset = (long)address - buffer.Start;
        if (buffer.Shadow.Note(offset, bytes, kind, AccessOf(frame, site), new GroupOrder(mode.FirstGroup, mode.Before), out var other) is { } fault)
            Report(fault, frame, site, other, offset / buffer.ElementSize, buffer.Bytes / buffer.ElementSize, "a buffer");
        return address;
    }

    private byte* CheckShared(ThreadFrame* frame, byte* address, long offset, int bytes, int site, AccessKind kind)
    {
        if (shared.Note(offset, bytes, kind, AccessOf(frame, site), new GroupOrder(mode.FirstGroup, mode.Before), out var other) is { } fault)
        {
            bool isDynamic = offset >= layout.Frames;
            var (index, length) = isDynamic ? ((offset - layout.Frames) / bytes, dynamicBytes / bytes) : Element(function.SharedArrays, layout.Shared, offset);
            Report(fault, frame, site, other, index, length, isDynamic ? "dynamic shared memory" : "a shared array");
        }
        return address;
    }

    private byte* CheckLocal(ThreadFrame* frame, byte* address, long offset, int bytes, int site, AccessKind kind)
    {
        var shadow = new Span<byte>((byte*)frame + layout.LocalShadow + offset, bytes);
        if (kind == AccessKind.Write) shadow.Fill(Written);
        else if (shadow.ContainsAnyExcept(Written))
        {
            var (index, length) = Element(function.LocalArrays, number => layout.Local(number) - layout.Locals, offset);
            Report(KernelFaultKind.Unwritten, frame, site, default, index, length, "a local array");
        }
        return address;
    }

    private Access AccessOf(ThreadFrame* frame, int site)
    {
        int warp = frame->Linear / warpSize;
        return new Access(mode.Group, frame->Linear, warp, epoch, warpEpochs[warp], site);
    }

    /// <summary>An address outside of all memory; where an index was found wrong at the same line, it has been reported already.</summary>
    private byte* Outside(ThreadFrame* frame, byte* address, int site)
    {
        new Span<byte>(nowhere, 64).Clear();
        var source = AccessSites.Of(site).Source;
        if (frame->FaultySite >= 0 && AccessSites.Of(frame->FaultySite).Source == source) return nowhere;
        if (mode.Memory.Below((long)address) is { } buffer)
            Report(KernelFaultKind.OutOfRange, source, frame, ((long)address - buffer.Start) / buffer.ElementSize, buffer.Bytes / buffer.ElementSize, "an address outside of all buffers; the next one below has this length");
        else
            Report(KernelFaultKind.OutOfRange, source, frame, null, null, "an address outside of all buffers");
        return nowhere;
    }

    private void Report(KernelFaultKind kind, ThreadFrame* frame, int site, in Access other, long index, long length, string what)
    {
        string detail = kind switch
        {
            KernelFaultKind.Unwritten => $"a read of what nobody has written ({what})",
            KernelFaultKind.RaceInGroup => $"a race with thread {IndexOf(other.Thread)} of the group, {AccessSites.Of(other.Site).Source} ({what})",
            _ => $"a race with another group, {AccessSites.Of(other.Site).Source} ({what})",
        };
        Report(kind, AccessSites.Of(site).Source, frame, index, length, detail);
    }

    private void Report(KernelFaultKind kind, SourceLine source, ThreadFrame* frame, long? index, long? length, string detail) =>
        mode.Faults.Add(new KernelFault(kind, kernel, group, [], 0, index, length, source.Text, detail), (frame->IndexX, frame->IndexY, frame->IndexZ));

    private (int X, int Y, int Z) IndexOf(int thread) => (thread % shape.X, thread / shape.X % shape.Y, thread / (shape.X * shape.Y));

    /// <summary>The element of a shared or local array at a byte.</summary>
    private static (long Index, long Length) Element(IReadOnlyList<ArrayAllocation> arrays, Func<long, int> start, long offset)
    {
        for (int number = 0; number < arrays.Count; number++)
        {
            long inArray = offset - start(number);
            long size = Math.Max(1, arrays[number].ElementType.SizeInMemory());
            if (inArray >= 0 && inArray < arrays[number].Bytes) return (inArray / size, arrays[number].Bytes / size);
        }
        return (offset, 0);
    }
}
