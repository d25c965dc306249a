using Engine.Compute.Vector.IR;

namespace Engine.Compute.Vector.Emit;

/// <summary>Where shared arrays, local arrays and the spill area lie in a worker's scratch memory; each starts on a cache line.</summary>
internal sealed class ScratchLayout
{
    private readonly int[] shared;
    private readonly int[] local;

    /// <summary>Lays out a function's arrays.</summary>
    /// <param name="function">The function.</param>
    /// <param name="lanes">Threads whose local arrays exist at a time.</param>
    public ScratchLayout(Function function, int lanes)
    {
        int offset = 0;
        int Reserve(int bytes)
        {
            int start = offset;
            offset = checked(offset + (bytes + 63) / 64 * 64);
            return start;
        }
        shared = [.. function.SharedArrays.Select(array => Reserve(array.Bytes))];
        var used = function.Values.Where(value => value.Op == Opcode.LocalStorage).Select(value => value.Immediate).ToHashSet();
        local = [.. function.LocalArrays.Select((array, index) => Reserve(used.Contains(index) ? checked(array.Bytes * lanes) : 0))];
        Spill = Reserve(LaneFunctions.SpillBytes);
        Bytes = offset;
    }

    /// <summary>Bytes in all; dynamic shared memory lies behind them.</summary>
    public int Bytes { get; }

    /// <summary>Offset of the spill area.</summary>
    public int Spill { get; }

    /// <summary>Offset of a shared array.</summary>
    public int Shared(long number) => shared[number];

    /// <summary>Offset of a local array's storage.</summary>
    public int Local(long number) => local[number];
}
