using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Threads;

/// <summary>What threads that meet get from each other. The threads are the frames in order of their linear index; who is absent is null.</summary>
internal static unsafe class ThreadMeetings
{
    /// <summary>Gives the threads of a group that met at one place what they came for.</summary>
    /// <param name="meeting">The barrier, the predicate or the broadcast.</param>
    /// <param name="frames">The frames of the group's threads, by linear index; null for those that are not here.</param>
    public static void OfGroup(Value meeting, ReadOnlySpan<nint> frames)
    {
        switch (meeting.Op)
        {
            case Opcode.BarrierPredicate:
                long result = Predicate((GroupPredicate)meeting.Immediate, frames);
                foreach (nint frame in frames)
                {
                    if (frame != 0) ((ThreadFrame*)frame)->Exchanged = result;
                }
                break;
            case Opcode.BroadcastGroup:
                Exchange(frames, (frame, _) => frame->Origin);
                break;
        }
    }

    /// <summary>Gives the threads of a warp that met at one place what they came for.</summary>
    /// <param name="meeting">The shuffle, the broadcast or the barrier.</param>
    /// <param name="frames">The frames of the warp's threads, lane by lane; null for those that are not here.</param>
    /// <param name="warpSize">Lanes of a warp.</param>
    public static void OfWarp(Value meeting, ReadOnlySpan<nint> frames, int warpSize)
    {
        if (meeting.Op == Opcode.BroadcastWarp)
        {
            Exchange(frames, (frame, _) => frame->Origin);
        }
        else if (meeting.Op == Opcode.Shuffle)
        {
            bool hasWidth = meeting.Operands.Length > 2;
            var mode = (ShuffleMode)meeting.Immediate;
            Exchange(frames, (frame, lane) => Source(mode, lane, frame->Origin, hasWidth ? frame->Width : warpSize));
        }
    }

    private delegate int SourceOf(ThreadFrame* frame, int lane);

    /// <summary>Gives every thread the value of another one; its own where that one does not exist or is not here.</summary>
    private static void Exchange(ReadOnlySpan<nint> frames, SourceOf sourceOf)
    {
        var values = new long[frames.Length];
        for (int lane = 0; lane < frames.Length; lane++)
        {
            if (frames[lane] != 0) values[lane] = ((ThreadFrame*)frames[lane])->Exchanged;
        }
        for (int lane = 0; lane < frames.Length; lane++)
        {
            var frame = (ThreadFrame*)frames[lane];
            if (frame is null) continue;
            int source = sourceOf(frame, lane);
            if (source >= 0 && source < frames.Length && frames[source] != 0) frame->Exchanged = values[source];
        }
    }

    /// <summary>The lane that a shuffle reads; its own where the source lies outside of its sub-warp.</summary>
    private static int Source(ShuffleMode mode, int lane, int origin, int width)
    {
        int first = width > 0 ? lane / width * width : 0;
        int source = mode switch
        {
            ShuffleMode.Down => lane + origin,
            ShuffleMode.Up => lane - origin,
            ShuffleMode.Xor => lane ^ origin,
            _ => first + origin,
        };
        return source >= first && source < first + width ? source : lane;
    }

    private static long Predicate(GroupPredicate kind, ReadOnlySpan<nint> frames)
    {
        int holds = 0, present = 0;
        foreach (nint frame in frames)
        {
            if (frame == 0) continue;
            present++;
            if ((int)((ThreadFrame*)frame)->Exchanged != 0) holds++;
        }
        return kind switch
        {
            GroupPredicate.PopulationCount => holds,
            GroupPredicate.And => holds == present ? 1 : 0,
            _ => holds > 0 ? 1 : 0,
        };
    }
}
