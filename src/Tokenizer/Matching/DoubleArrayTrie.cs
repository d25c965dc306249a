namespace Engine.Tokenizer.Matching;

/// <summary>
/// All tokens of a vocabulary as a tree of UTF-8 bytes in one array: a step from a node along a byte is an exclusive or, a load and a comparison.
/// A node is a <see cref="ulong"/>: bits 0 to 7 the byte that leads to it, bit 8 set (an empty slot is 0), bit 9 whether a token ends here, bits 10 to 35 its
/// token's id, bits 36 to 63 the offset of its children (0: none; the first 256 slots are left empty, so that no step from there succeeds).
/// </summary>
internal sealed class DoubleArrayTrie
{
    private const ulong LabelMask = 0x1FF;
    private const ulong UsedBit = 0x100;
    private const ulong TokenBit = 0x200;
    private const int IdShift = 10;
    private const int OffsetShift = 36;

    /// <summary>The largest number of tokens that node words have room for.</summary>
    public const int MaxTokens = 1 << (OffsetShift - IdShift);

    private readonly ulong[] nodes;

    /// <summary>Wraps finished node words; the length is a multiple of 256.</summary>
    public DoubleArrayTrie(ulong[] nodes, ulong root)
    {
        this.nodes = nodes;
        Root = root;
    }

    /// <summary>The root's node word.</summary>
    public ulong Root { get; }

    /// <summary>The node words.</summary>
    public ulong[] Nodes => nodes;

    /// <summary>A node word.</summary>
    public static ulong Pack(byte label, int id, int offset) =>
        label | UsedBit | (id >= 0 ? TokenBit | (ulong)(uint)id << IdShift : 0) | (ulong)(uint)offset << OffsetShift;

    /// <summary>Follows <paramref name="label"/> from <paramref name="node"/>; false, with <paramref name="node"/> unchanged, where no token goes on that way.</summary>
    public static bool TryStep(ref ulong firstNode, ref ulong node, uint label)
    {
        // A label is below 256, so the index stays within the offset's own block of 256 slots, which exists.
        ulong next = System.Runtime.CompilerServices.Unsafe.Add(ref firstNode, (nuint)((node >> OffsetShift) ^ label));
        if ((next & LabelMask) != (label | UsedBit))
            return false;
        node = next;
        return true;
    }

    /// <summary>Whether a token ends at the node.</summary>
    public static bool EndsToken(ulong node) => (node & TokenBit) != 0;

    /// <summary>The id of the token that ends at the node.</summary>
    public static int IdOf(ulong node) => (int)(node >> IdShift) & (MaxTokens - 1);

    /// <summary>The node that <paramref name="text"/> leads to, or 0 where no token begins with it.</summary>
    public ulong Find(ReadOnlySpan<byte> text)
    {
        ulong node = Root;
        foreach (byte label in text)
        {
            if (!TryStep(ref nodes[0], ref node, label))
                return 0;
        }
        return node;
    }
}
