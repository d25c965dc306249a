using System.Runtime.InteropServices;

namespace Engine.Compute.Vector.Threads;

/// <summary>The start of a thread's frame: what the scheduler and the emitted code tell each other. Values and local arrays lie behind it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ThreadFrame
{
    /// <summary>Meeting at which the thread waits and after which it goes on; 0 before its start, negative where it does not run any more.</summary>
    public int Meeting;

    /// <summary>Lane in its warp.</summary>
    public int Lane;

    /// <summary>Index in its group along X.</summary>
    public int IndexX;

    /// <summary>Index in its group along Y.</summary>
    public int IndexY;

    /// <summary>Index in its group along Z.</summary>
    public int IndexZ;

    /// <summary>Index in its group over all dimensions, X fastest.</summary>
    public int Linear;

    /// <summary>Site of the last index that was out of range; -1 where there was none. Written in checked mode only.</summary>
    public int FaultySite;

    /// <summary>First operand of a meeting, whatever its type; then its result.</summary>
    public long Exchanged;

    /// <summary>Second operand: the origin of a shuffle or a broadcast.</summary>
    public int Origin;

    /// <summary>Third operand: the width of a shuffle's sub-warps.</summary>
    public int Width;
}
