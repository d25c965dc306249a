using System.Text;

namespace Engine.Tokenizer.Matching;

/// <summary>Lays the tree of a vocabulary out as a <see cref="DoubleArrayTrie"/>, breadth first, so that the busiest nodes share cache lines.</summary>
internal sealed class DoubleArrayBuilder
{
    private const int BlockSize = 256;

    // Free slots are looked for in the last blocks only: earlier ones are nearly full, and searching them would make the building quadratic.
    private const int OpenBlocks = 16;

    private readonly List<ulong> nodes = [];
    private readonly List<bool> offsetTaken = [];
    private int firstOpen;

    /// <summary>Builds the tree; empty tokens are left out.</summary>
    public static DoubleArrayTrie Build(IReadOnlyList<string> tokens)
    {
        var keys = new List<(byte[] Bytes, int Id)>(tokens.Count);
        for (int id = 0; id < tokens.Count; id++)
        {
            if (tokens[id].Length > 0)
                keys.Add((Encoding.UTF8.GetBytes(tokens[id]), id));
        }
        (byte[] Bytes, int Id)[] sorted = [.. keys];
        Array.Sort(sorted, static (x, y) => x.Bytes.AsSpan().SequenceCompareTo(y.Bytes));
        return new DoubleArrayBuilder().Arrange(sorted);
    }

    private DoubleArrayTrie Arrange((byte[] Bytes, int Id)[] keys)
    {
        AddBlock();
        firstOpen = BlockSize;
        ulong root = 0;
        var pending = new Queue<(int Slot, int First, int Last, int Depth)>();
        pending.Enqueue((-1, 0, keys.Length, 0));
        var children = new List<(byte Label, int First, int Last)>();
        while (pending.TryDequeue(out (int Slot, int First, int Last, int Depth) range))
        {
            int first = range.First;
            int id = -1;
            // The shortest key of a range sorts first; it is the range's own prefix where it is no longer than that.
            while (first < range.Last && keys[first].Bytes.Length == range.Depth)
                id = keys[first++].Id;
            children.Clear();
            while (first < range.Last)
            {
                byte label = keys[first].Bytes[range.Depth];
                int last = first + 1;
                while (last < range.Last && keys[last].Bytes[range.Depth] == label)
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
        return new DoubleArrayTrie([.. nodes], root);
    }

    // Finds an offset at which every child's slot is free and which no other node has, and marks the slots with the children's labels.
    private int TakeOffset(List<(byte Label, int First, int Last)> children)
    {
        for (int slot = Math.Max(firstOpen, nodes.Count - OpenBlocks * BlockSize); ; slot++)
        {
            if (slot == nodes.Count)
                AddBlock();
            int offset = slot ^ children[0].Label;
            if (nodes[slot] != 0 || offsetTaken[offset] || !AllFree(offset, children))
                continue;
            offsetTaken[offset] = true;
            foreach ((byte label, _, _) in children)
                nodes[offset ^ label] = DoubleArrayTrie.Pack(label, -1, 0);
            while (firstOpen < nodes.Count && nodes[firstOpen] != 0)
                firstOpen++;
            return offset;
        }
    }

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
        for (int i = 0; i < BlockSize; i++)
        {
            nodes.Add(0);
            offsetTaken.Add(false);
        }
    }
}
