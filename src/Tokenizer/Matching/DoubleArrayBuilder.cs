using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace Engine.Tokenizer.Matching;

/// <summary>
/// Lays the tree of a vocabulary out as a <see cref="DoubleArrayTrie"/>, breadth first, so that the busiest nodes share cache lines. It runs once, when a program
/// starts: its methods are compiled optimized at once, because tiers come too late for it.
/// </summary>
internal sealed class DoubleArrayBuilder
{
    private const int BlockSize = 256;
    private const int PrefixBytes = sizeof(ulong);

    // Free slots are looked for in the last blocks only: earlier ones are nearly full, and searching them would make the building quadratic.
    private const int OpenBlocks = 8;

    private readonly byte[] text;
    private readonly int[] keyStarts;
    private readonly int[] keyIds;

    private ulong[] nodes = [];
    private bool[] offsetTaken = [];

    // For a slot that is taken, a later slot from which the search for a free one goes on; itself for a free one.
    private int[] nextFree = [];
    private int slotCount;

    private DoubleArrayBuilder(IReadOnlyList<string> tokens)
    {
        int bytes = 0;
        foreach (string token in tokens)
            bytes += Encoding.UTF8.GetByteCount(token);
        text = new byte[bytes + PrefixBytes];
        keyStarts = new int[tokens.Count + 1];
        for (int id = 0; id < tokens.Count; id++)
            keyStarts[id + 1] = keyStarts[id] + Encoding.UTF8.GetBytes(tokens[id], text.AsSpan(keyStarts[id]));
        keyIds = SortedIds();
    }

    /// <summary>Builds the tree; empty tokens are left out.</summary>
    public static DoubleArrayTrie Build(IReadOnlyList<string> tokens) => new DoubleArrayBuilder(tokens).Arrange();

    private ReadOnlySpan<byte> Key(int id) => text.AsSpan(keyStarts[id], keyStarts[id + 1] - keyStarts[id]);

    // Ids of the tokens that are not empty, ordered by their bytes: by the first eight at once, then those that are alike in them one by one.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int[] SortedIds()
    {
        int count = keyStarts.Length - 1;
        var prefixes = new List<ulong>(count);
        var ids = new List<int>(count);
        for (int id = 0; id < count; id++)
        {
            int length = Key(id).Length;
            if (length == 0)
                continue;
            ulong prefix = BinaryPrimitives.ReadUInt64BigEndian(text.AsSpan(keyStarts[id]));
            prefixes.Add(length >= PrefixBytes ? prefix : prefix & ~(ulong.MaxValue >> 8 * length));
            ids.Add(id);
        }
        ulong[] sortedPrefixes = [.. prefixes];
        int[] sorted = [.. ids];
        Array.Sort(sortedPrefixes, sorted);
        for (int first = 0; first < sorted.Length;)
        {
            int last = first + 1;
            while (last < sorted.Length && sortedPrefixes[last] == sortedPrefixes[first])
                last++;
            if (last - first > 1)
                sorted.AsSpan(first..last).Sort((x, y) => Key(x).SequenceCompareTo(Key(y)));
            first = last;
        }
        return sorted;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private DoubleArrayTrie Arrange()
    {
        // The first block stays empty: nodes without children have offset 0.
        AddBlock();
        nextFree.AsSpan(0, BlockSize).Fill(BlockSize);
        ulong root = 0;
        var pending = new Queue<(int Slot, int First, int Last, int Depth)>();
        pending.Enqueue((-1, 0, keyIds.Length, 0));
        var children = new List<(byte Label, int First, int Last)>();
        while (pending.TryDequeue(out (int Slot, int First, int Last, int Depth) range))
        {
            int first = range.First;
            int id = -1;
            // The shortest key of a range sorts first; it ends here where it is no longer than what the range has in common.
            while (first < range.Last && Key(keyIds[first]).Length == range.Depth)
                id = keyIds[first++];
            children.Clear();
            while (first < range.Last)
            {
                byte label = Key(keyIds[first])[range.Depth];
                int last = first + 1;
                while (last < range.Last && Key(keyIds[last])[range.Depth] == label)
                    last++;
                children.Add((label, first, last));
                first = last;
            }
            int offset = children.Count == 0 ? 0 : TakeOffset(children);
            if (range.Slot < 0)
                root = DoubleArrayTrie.Pack(0, id, offset);
            else
                nodes[range.Slot] = DoubleArrayTrie.Pack((byte)nodes[range.Slot], id, offset);
            foreach ((byte label, int from, int to) in children)
                pending.Enqueue((offset ^ label, from, to, range.Depth + 1));
        }
        return new DoubleArrayTrie(nodes[..slotCount], root);
    }

    // Finds an offset at which every child's slot is free and which no other node has, and marks the slots with the children's labels.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int TakeOffset(List<(byte Label, int First, int Last)> children)
    {
        for (int slot = FindFree(Math.Max(BlockSize, slotCount - OpenBlocks * BlockSize)); ; slot = FindFree(slot + 1))
        {
            if (slot >= slotCount)
                AddBlock();
            int offset = slot ^ children[0].Label;
            if (offsetTaken[offset] || !AllFree(offset, children))
                continue;
            offsetTaken[offset] = true;
            foreach ((byte label, _, _) in children)
            {
                nodes[offset ^ label] = DoubleArrayTrie.Pack(label, -1, 0);
                nextFree[offset ^ label] = (offset ^ label) + 1;
            }
            return offset;
        }
    }

    // The first free slot from `slot` on; the way to it is halved for the next search. The end of the array where none is free.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int FindFree(int slot)
    {
        while (slot < slotCount && nextFree[slot] != slot)
        {
            int next = nextFree[slot];
            if (next < slotCount)
                nextFree[slot] = nextFree[next];
            slot = next;
        }
        return slot;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool AllFree(int offset, List<(byte Label, int First, int Last)> children)
    {
        foreach ((byte label, _, _) in children)
        {
            if (nodes[offset ^ label] != 0)
                return false;
        }
        return true;
    }

    private void AddBlock()
    {
        if (slotCount == nodes.Length)
        {
            int length = Math.Max(BlockSize, 2 * slotCount);
            Array.Resize(ref nodes, length);
            Array.Resize(ref offsetTaken, length);
            Array.Resize(ref nextFree, length);
        }
        for (int i = 0; i < BlockSize; i++)
            nextFree[slotCount + i] = slotCount + i;
        slotCount += BlockSize;
    }
}
