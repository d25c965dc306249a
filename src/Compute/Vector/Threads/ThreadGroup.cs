using Engine.Compute.Vector.Checked;
using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Threads;

/// <summary>
/// Runs one group thread by thread. Each thread runs until it must meet others. When none can go on, the warps whose threads wait for their own warp are let
/// go, from the place that comes first in the program; when no thread waits for its warp, all that wait for the group are let go together, wherever they
/// wait: the meaning that ILGPU's CPU accelerator gives to barriers.
/// </summary>
internal sealed unsafe class ThreadGroup
{
    /// <summary>What a frame says in place of a meeting when its thread has ended.</summary>
    public const int Ended = -1;

    /// <summary>What a frame says in place of a meeting when its thread lies outside of the launch's extent.</summary>
    public const int Absent = -2;

    private readonly ThreadBody body;
    private readonly ThreadLayout layout;
    private readonly GroupShape shape;
    private readonly int warpSize;
    private readonly int implicitDimensions;
    private readonly Value[] meetings;
    private readonly int[] inOrder;
    private readonly ThreadChecks? checks;

    /// <summary>Prepares to run groups of a kernel.</summary>
    /// <param name="function">The kernel.</param>
    /// <param name="body">Runs one thread.</param>
    /// <param name="layout">Where arrays and frames lie.</param>
    /// <param name="shape">The group's shape.</param>
    /// <param name="warpSize">Threads of a warp.</param>
    /// <param name="checks">What looks at the threads' accesses; null for nobody.</param>
    public ThreadGroup(Function function, ThreadBody body, ThreadLayout layout, GroupShape shape, int warpSize, ThreadChecks? checks = null)
    {
        this.checks = checks;
        inOrder = [.. Enumerable.Range(0, shape.Size)];
        this.body = body;
        this.layout = layout;
        this.shape = shape;
        this.warpSize = warpSize;
        implicitDimensions = function.ImplicitDimensions;
        meetings = [.. function.Values.Where(value => value.IsCrossThread)];
    }

    /// <summary>Runs one group: a <see cref="GroupEntry"/>.</summary>
    public void Run(byte* arguments, LaunchInfo* launch, int gridX, int gridY, int gridZ, byte* scratch)
    {
        var order = checks is null ? inOrder : checks.Start(gridX, gridY, gridZ, scratch, launch);
        if (!layout.Meets)
        {
            foreach (int thread in order)
            {
                var frame = Start(scratch, 0, thread);
                if (Exists(launch, gridX, gridY, gridZ, frame)) body(arguments, launch, gridX, gridY, gridZ, scratch, (byte*)frame);
            }
            return;
        }
        Span<nint> frames = stackalloc nint[shape.Size];
        for (int thread = 0; thread < shape.Size; thread++)
        {
            var frame = Start(scratch, thread, thread);
            if (!Exists(launch, gridX, gridY, gridZ, frame)) frame->Meeting = Absent;
            frames[thread] = (nint)frame;
        }
        Span<bool> mayRun = stackalloc bool[shape.Size];
        mayRun.Fill(true);
        do
        {
            foreach (int thread in order)
            {
                var frame = (ThreadFrame*)frames[thread];
                if (!mayRun[thread] || frame->Meeting < 0) continue;
                mayRun[thread] = false;
                if (body(arguments, launch, gridX, gridY, gridZ, scratch, (byte*)frame) == 0) frame->Meeting = Ended;
            }
        }
        while (ReleaseWarps(frames, mayRun) || ReleaseGroup(frames, mayRun));
    }

    private ThreadFrame* Start(byte* scratch, int place, int thread)
    {
        var frame = (ThreadFrame*)(scratch + layout.Frames + (nint)place * layout.FrameBytes);
        frame->Meeting = 0;
        frame->Linear = thread;
        frame->Lane = thread % warpSize;
        frame->IndexX = thread % shape.X;
        frame->IndexY = thread / shape.X % shape.Y;
        frame->IndexZ = thread / (shape.X * shape.Y);
        frame->FaultySite = -1;
        checks?.Start(frame);
        return frame;
    }

    /// <summary>Whether a thread lies inside the extent of an implicitly grouped launch.</summary>
    private bool Exists(LaunchInfo* launch, int gridX, int gridY, int gridZ, ThreadFrame* frame) =>
        implicitDimensions == 0 ||
        ((long)gridX * shape.X + frame->IndexX < launch->ExtentX && (long)gridY * shape.Y + frame->IndexY < launch->ExtentY &&
         (long)gridZ * shape.Z + frame->IndexZ < launch->ExtentZ);

    private bool ReleaseWarps(Span<nint> frames, Span<bool> mayRun)
    {
        bool any = false;
        for (int start = 0; start < frames.Length; start += warpSize)
        {
            int end = Math.Min(start + warpSize, frames.Length);
            int first = int.MaxValue;
            foreach (nint frame in frames[start..end])
            {
                int meeting = ((ThreadFrame*)frame)->Meeting;
                if (meeting > 0 && meeting < first && !meetings[meeting - 1].MeetsGroup) first = meeting;
            }
            if (first == int.MaxValue) continue;
            any = true;
            var present = Present(frames[start..end], first, mayRun[start..end]);
            ThreadMeetings.OfWarp(meetings[first - 1], present, warpSize);
            if (meetings[first - 1].Op == Opcode.WarpBarrier) checks?.WarpMet(start / warpSize);
        }
        return any;
    }

    private bool ReleaseGroup(Span<nint> frames, Span<bool> mayRun)
    {
        var places = new SortedSet<int>();
        foreach (nint frame in frames)
        {
            int meeting = ((ThreadFrame*)frame)->Meeting;
            if (meeting > 0) places.Add(meeting);
        }
        if (places.Count > 0) checks?.GroupMet(frames, places);
        foreach (int place in places) ThreadMeetings.OfGroup(meetings[place - 1], Present(frames, place, mayRun));
        return places.Count > 0;
    }

    /// <summary>The frames of the threads that wait at a place, which may run again; null for the others.</summary>
    private static nint[] Present(Span<nint> frames, int place, Span<bool> mayRun)
    {
        var present = new nint[frames.Length];
        for (int index = 0; index < frames.Length; index++)
        {
            if (((ThreadFrame*)frames[index])->Meeting != place) continue;
            present[index] = frames[index];
            mayRun[index] = true;
        }
        return present;
    }
}
