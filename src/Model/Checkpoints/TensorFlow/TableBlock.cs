using System.Buffers.Binary;
using IronSnappy;

namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>A place in a table: where a block starts and how long it is, its trailer not counted.</summary>
/// <param name="Offset">Its first byte in the file.</param>
/// <param name="Size">Its length in bytes, as stored.</param>
internal readonly record struct BlockHandle(ulong Offset, ulong Size)
{
    /// <summary>Reads a place.</summary>
    /// <exception cref="ModelException">There is none.</exception>
    public static BlockHandle Read(string path, ReadOnlySpan<byte> bytes, ref int position) =>
        new(TableBlock.ReadNumber(path, bytes, ref position), TableBlock.ReadNumber(path, bytes, ref position));
}

/// <summary>
/// Reads a block of a sorted table: entries whose keys are stored as differences from the key before, then the places where a key is whole. The stored form is
/// plain or compressed with Snappy and carries a checksum.
/// </summary>
internal static class TableBlock
{
    private const int TrailerBytes = 5; // the kind of compression, the checksum
    private const int MaxBlockBytes = 32 << 20; // TensorFlow starts a new block after 256 KiB
    private const int MaxKeyBytes = 4096;

    // The densest element of Snappy's format is a copy of 64 bytes in 3.
    private const int MaxSnappyRatio = 22;

    /// <summary>Reads a block's entries.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="file">Its content.</param>
    /// <param name="handle">Where the block is.</param>
    /// <exception cref="ModelException">It does not lie in the file, or it is damaged.</exception>
    public static IEnumerable<TableEntry> Read(string path, byte[] file, BlockHandle handle)
    {
        var block = Unpack(path, file, handle);
        if (block.Length < sizeof(uint))
            throw Damaged(path, $"a block has {block.Length} bytes, too few for its count of restarts");
        long restarts = BinaryPrimitives.ReadUInt32LittleEndian(block.Span[^sizeof(uint)..]);
        long end = block.Length - (sizeof(uint) * (1 + restarts));
        if (end < 0)
            throw Damaged(path, $"a block of {block.Length} bytes has {restarts} restarts, which do not fit into it");
        return Entries(path, block[..(int)end]);
    }

    /// <summary>Reads a number of variable length.</summary>
    /// <exception cref="ModelException">It does not end within 10 bytes or within the block.</exception>
    public static ulong ReadNumber(string path, ReadOnlySpan<byte> bytes, ref int position)
    {
        ulong number = 0;
        for (int shift = 0; shift < 64 && position < bytes.Length; shift += 7)
        {
            byte part = bytes[position++];
            number |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
                return number;
        }

        throw Damaged(path, "a number does not end where it must");
    }

    /// <summary>An error that says that a table contradicts itself.</summary>
    public static ModelException Damaged(string path, string how) =>
        new($"{path}: {how}; the file is damaged or not the index of a TensorFlow checkpoint: get it again");

    private static ReadOnlyMemory<byte> Unpack(string path, byte[] file, BlockHandle handle)
    {
        ulong room = (ulong)(file.Length - TrailerBytes);
        if (handle.Size > room || handle.Offset > room - handle.Size)
            throw Damaged(path, $"a block at byte {handle.Offset} of {handle.Size} bytes does not lie within the file's {file.Length} bytes");
        var (start, size) = ((int)handle.Offset, (int)handle.Size);
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(start + size + 1));
        uint computed = Crc32C.Mask(Crc32C.Of(file.AsSpan(start, size + 1)));
        if (stored != computed)
            throw Damaged(path, $"the block at byte {start} has checksum {computed:x8}, expected {stored:x8}");
        return file[start + size] switch
        {
            0 => file.AsMemory(start, size),
            1 => Decompress(path, file.AsSpan(start, size)),
            byte kind => throw Damaged(path, $"the block at byte {start} has compression {kind}, expected 0 (none) or 1 (Snappy)"),
        };
    }

    private static byte[] Decompress(string path, ReadOnlySpan<byte> packed)
    {
        int position = 0;
        ulong length = ReadNumber(path, packed, ref position);
        if (length > (ulong)packed.Length * MaxSnappyRatio || length > MaxBlockBytes)
            throw Damaged(path, $"a Snappy block of {packed.Length} bytes claims to hold {length}");
        try
        {
            var block = Snappy.Decode(packed);
            return (ulong)block.Length == length ? block : throw Damaged(path, $"a Snappy block holds {block.Length} bytes, expected {length}");
        }
        catch (Exception exception) when (exception is not ModelException)
        {
            throw Damaged(path, $"a Snappy block cannot be read ({exception.Message.ReplaceLineEndings(" ")})");
        }
    }

    private static IEnumerable<TableEntry> Entries(string path, ReadOnlyMemory<byte> block)
    {
        byte[] key = [];
        for (int position = 0; position < block.Length;)
        {
            ulong shared = ReadNumber(path, block.Span, ref position);
            ulong added = ReadNumber(path, block.Span, ref position);
            ulong size = ReadNumber(path, block.Span, ref position);
            ulong room = (ulong)(block.Length - position);
            if (shared > (ulong)key.Length || added > room || size > room - added || shared + added > MaxKeyBytes)
                throw Damaged(path, $"an entry does not fit: {shared} bytes of the key before, {added} of its own, a value of {size}");
            key = [.. key.AsSpan(0, (int)shared), .. block.Span.Slice(position, (int)added)];
            position += (int)added;
            yield return new TableEntry(key, block.Slice(position, (int)size));
            position += (int)size;
        }
    }
}
