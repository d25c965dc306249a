using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Threads;

/// <summary>Where the arrays and frames of a group that runs thread by thread lie in its scratch memory.</summary>
internal sealed unsafe class ThreadLayout
{
    private const int Alignment = 64;

    private readonly int[] shared;
    private readonly int[] local;

    /// <summary>Lays out a group.</summary>
    /// <param name="function">The function.</param>
    /// <param name="threads">Threads of the group.</param>
    /// <param name="isChecked">Whether there is a byte beside each of local memory that says if it was written.</param>
    public ThreadLayout(Function function, int threads, bool isChecked = false)
    {
        int end = 0;
        int Reserve(int bytes)
        {
            int start = end;
            end = checked(end + Aligned(bytes));
            return start;
        }
        shared = [.. function.SharedArrays.Select(array => Reserve(array.Bytes))];
        Frames = end;
        Places = new ValuePlaces(function, sizeof(ThreadFrame));
        end = Aligned(Places.End);
        Locals = end;
        local = [.. function.LocalArrays.Select(array => Reserve(array.Bytes))];
        LocalShadow = end;
        FrameBytes = isChecked ? checked(end + end - Locals) : end;
        // Threads that never meet run one after the other in the same frame.
        Meets = function.Values.Any(value => value.IsCrossThread);
        Bytes = checked(Frames + FrameBytes * (Meets ? threads : 1));
    }

    /// <summary>Where values live.</summary>
    public ValuePlaces Places { get; }

    /// <summary>Whether threads wait for each other.</summary>
    public bool Meets { get; }

    /// <summary>Offset of the first frame in the scratch memory, which is where the shared arrays end.</summary>
    public int Frames { get; }

    /// <summary>Bytes of a frame.</summary>
    public int FrameBytes { get; }

    /// <summary>Offset of the first local array in a frame; they reach to <see cref="LocalShadow"/>.</summary>
    public int Locals { get; }

    /// <summary>Offset in a frame of what is known of the local arrays' bytes, which reaches to the frame's end.</summary>
    public int LocalShadow { get; }

    /// <summary>Bytes in all; dynamic shared memory lies behind them.</summary>
    public int Bytes { get; }

    /// <summary>Offset of a shared array in the scratch memory.</summary>
    public int Shared(long number) => shared[number];

    /// <summary>Offset of a local array in a frame.</summary>
    public int Local(long number) => local[number];

    private static int Aligned(int bytes) => (bytes + Alignment - 1) / Alignment * Alignment;
}
