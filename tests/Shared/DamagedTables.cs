using System.Buffers.Binary;

namespace Engine.Shared;

/// <summary>Sorted tables that no writer would write, with right checksums.</summary>
internal static class DamagedTables
{
    /// <summary>A table with one block, given with its kind of compression behind it.</summary>
    public static byte[] Of(byte[] block)
    {
        byte[] handle = [.. SortedTableWriter.Number(0), .. SortedTableWriter.Number((ulong)block.Length - 1)];
        byte[] index = [0, 1, (byte)handle.Length, (byte)'z', .. handle, 0, 0, 0, 0, 1, 0, 0, 0, 0];
        byte[] stored = [.. block, .. BitConverter.GetBytes(SortedTableWriter.Checksum(block))];
        byte[] footer = new byte[48];
        ((byte[])[0, 0, .. SortedTableWriter.Number((ulong)stored.Length), .. SortedTableWriter.Number((ulong)index.Length - 1)]).CopyTo(footer, 0);
        BinaryPrimitives.WriteUInt64LittleEndian(footer.AsSpan(40), 0xDB4775248B80FB57);
        return [.. stored, .. index, .. BitConverter.GetBytes(SortedTableWriter.Checksum(index)), .. footer];
    }
}
