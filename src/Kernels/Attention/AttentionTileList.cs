using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>
/// Which group works on what: a list of tiles on the device, each a piece of one sequence. Longest sequences come first, so that the last groups to
/// start are short ones. Where a tile begins depends on its own sequence only.
/// </summary>
internal sealed class AttentionTileList : IDisposable
{
    /// <summary>Numbers of a tile: first token of its sequence, length of the sequence, first position of the tile in it.</summary>
    public const int Fields = 3;

    private readonly ComputeDevice device;
    private readonly int tokensPerTile;
    private readonly int[] host;
    private readonly int[] order;
    private readonly int[] lengths;
    private readonly MemoryBuffer1D<int, Stride1D.Dense> buffer;

    /// <summary>Makes room for the tiles of any batch up to a size.</summary>
    /// <param name="device">The device.</param>
    /// <param name="tokensPerTile">Tokens of a tile.</param>
    /// <param name="maxTokens">Most tokens of a batch.</param>
    /// <param name="maxSequences">Most sequences of a batch.</param>
    public AttentionTileList(ComputeDevice device, int tokensPerTile, int maxTokens, int maxSequences)
    {
        this.device = device;
        this.tokensPerTile = tokensPerTile;
        host = new int[Fields * ((maxTokens / tokensPerTile) + maxSequences)];
        order = new int[maxSequences];
        lengths = new int[maxSequences];
        buffer = device.Accelerator.Allocate1D<int>(host.Length);
    }

    /// <summary>Gets the number of tiles.</summary>
    public int Count { get; private set; }

    /// <summary>Gets the tiles, <see cref="Fields"/> numbers each.</summary>
    public ArrayView<int> View => buffer.View;

    /// <summary>Makes the list of a batch and copies it to the device.</summary>
    /// <param name="sequenceOffsets">Batch + 1 offsets, checked by the caller.</param>
    public void Fill(ReadOnlySpan<int> sequenceOffsets)
    {
        var sequences = sequenceOffsets.Length - 1;
        for (var i = 0; i < sequences; i++)
        {
            order[i] = i;
            lengths[i] = sequenceOffsets[i] - sequenceOffsets[i + 1]; // negative: the longest sorts first
        }

        Array.Sort(lengths, order, 0, sequences);
        Count = 0;
        for (var i = 0; i < sequences; i++)
        {
            var length = -lengths[i];
            for (var position = 0; position < length; position += tokensPerTile)
            {
                var at = Count * Fields;
                host[at] = sequenceOffsets[order[i]];
                host[at + 1] = length;
                host[at + 2] = position;
                Count++;
                if (length - position <= tokensPerTile)
                    break; // position + tokensPerTile may exceed what an int holds
            }
        }

        if (Count > 0)
            buffer.View.BaseView.SubView(0, Count * Fields).CopyFromCPU(device.Stream, host.AsSpan(0, Count * Fields));
    }

    /// <inheritdoc/>
    public void Dispose() => buffer.Dispose();
}
