using System.Buffers.Binary;
using System.Numerics;
using IronSnappy;

namespace Engine.Shared;

/// <summary>
/// Writes a sorted string table as TensorFlow does (tensorflow/core/lib/io/table_builder.cc): keys as differences, every sixteenth whole, blocks with checksums.
/// </summary>
internal static class SortedTableWriter
{
    private const int RestartInterval = 16;
    private const ulong Magic = 0xDB4775248B80FB57;

    /// <summary>Writes entries, which must come in ascending order of their keys.</summary>
    /// <param name="entries">Keys and values.</param>
    /// <param name="isCompressed">Whether blocks are compressed with Snappy.</param>
    /// <param name="blockBytes">The length from which a block is closed.</param>
    public static byte[] Write(IEnumerable<(byte[] Key, byte[] Value)> entries, bool isCompressed = false, int blockBytes = 1 << 18)
    {
        using var file = new MemoryStream();
        var index = new List<(byte[] Key, byte[] Value)>();
        var block = new List<(byte[] Key, byte[] Value)>();
        int size = 0;
        foreach (var entry in entries)
        {
            block.Add(entry);
            size += entry.Key.Length + entry.Value.Length;
            if (size >= blockBytes)
                Close();
        }

        if (block.Count > 0)
            Close();
        var meta = WriteBlock(file, [], isCompressed, RestartInterval);
        var top = WriteBlock(file, index, isCompressed, 1);
        var footer = new byte[48];
        meta.CopyTo(footer, 0);
        top.CopyTo(footer, meta.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(footer.AsSpan(40), Magic);
        file.Write(footer);
        return file.ToArray();

        void Close()
        {
            index.Add((block[^1].Key, WriteBlock(file, block, isCompressed, RestartInterval)));
            block.Clear();
            size = 0;
        }
    }

    /// <summary>A number of variable length, seven bits a byte.</summary>
    public static byte[] Number(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return [.. bytes];
    }

    /// <summary>A masked checksum, one byte at a time: slow, and independent of the reader.</summary>
    public static uint Checksum(params ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        for (; bytes.Length >= 8; bytes = bytes[8..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return BitOperations.RotateRight(~crc, 15) + 0xA282EAD8;
    }

    /// <summary>Writes a block and returns its place, as an index stores it.</summary>
    private static byte[] WriteBlock(MemoryStream file, List<(byte[] Key, byte[] Value)> entries, bool isCompressed, int interval)
    {
        using var block = new MemoryStream();
        var restarts = new List<int> { 0 };
        byte[] previous = [];
        for (int i = 0; i < entries.Count; i++)
        {
            var (key, value) = entries[i];
            int shared = i % interval == 0 ? 0 : key.AsSpan().CommonPrefixLength(previous);
            if (i > 0 && i % interval == 0)
                restarts.Add((int)block.Position);
            block.Write([.. Number((ulong)shared), .. Number((ulong)(key.Length - shared)), .. Number((ulong)value.Length)]);
            block.Write(key.AsSpan(shared));
            block.Write(value);
            previous = key;
        }

        foreach (int restart in restarts.Append(restarts.Count))
            block.Write(BitConverter.GetBytes(restart));
        byte[] stored = [.. isCompressed ? Snappy.Encode(block.ToArray()) : block.ToArray(), (byte)(isCompressed ? 1 : 0)];
        byte[] handle = [.. Number((ulong)file.Position), .. Number((ulong)(stored.Length - 1))];
        file.Write(stored);
        file.Write(BitConverter.GetBytes(Checksum(stored)));
        return handle;
    }
}
