using System.Buffers.Binary;

namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>
/// Reads a sorted string table, the form of a bundle's <c>.index</c> (tensorflow/core/lib/io/table, google/leveldb doc/table_format.md): blocks of
/// ascending keys with their values, an index of the blocks, a footer of 48 bytes.
/// </summary>
/// <remarks>Nothing in it is trusted: places and lengths must lie in the file, and every block must have its checksum.</remarks>
internal static class SortedTable
{
    private const int FooterBytes = 48;
    private const ulong Magic = 0xDB4775248B80FB57;

    // The indexes of BERT-Large with its optimizer have 1,200 keys of at most 150 bytes. Keys are stored as differences from one another, so that a small
    // file could stand for a very large number of bytes: these limits bound what it can ask for.
    private const int MaxEntries = 100_000;
    private const int MaxKeyBytes = 16 << 20;

    /// <summary>Whether a file ends as a table does.</summary>
    public static bool IsTable(ReadOnlySpan<byte> file) =>
        file.Length >= FooterBytes && BinaryPrimitives.ReadUInt64LittleEndian(file[^8..]) == Magic;

    /// <summary>Reads all entries, in the order of their keys.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="file">Its content.</param>
    /// <exception cref="ModelException">It is not such a table, or it is damaged.</exception>
    public static IReadOnlyList<TableEntry> Read(string path, byte[] file)
    {
        if (!IsTable(file))
        {
            throw new ModelException(
                $"{path}: does not end as the index of a TensorFlow checkpoint does, expected {FooterBytes} bytes of footer; "
                + "the file is cut short, damaged or of another kind: get it again");
        }

        var footer = file.AsSpan(file.Length - FooterBytes, FooterBytes - 8);
        int position = 0;
        BlockHandle.Read(path, footer, ref position); // of the block on blocks, which TensorFlow leaves empty
        var index = BlockHandle.Read(path, footer, ref position);
        var entries = new List<TableEntry>();
        long keyBytes = 0;
        foreach (var (_, handle) in TableBlock.Read(path, file, index))
        {
            int start = 0;
            foreach (var entry in TableBlock.Read(path, file, BlockHandle.Read(path, handle.Span, ref start)))
            {
                if (entries.Count > 0 && entries[^1].Key.AsSpan().SequenceCompareTo(entry.Key) >= 0)
                    throw TableBlock.Damaged(path, "its keys are not in ascending order");
                keyBytes += entry.Key.Length;
                if (entries.Count == MaxEntries || keyBytes > MaxKeyBytes)
                    throw TableBlock.Damaged(path, $"it has more than {MaxEntries} entries or {MaxKeyBytes} bytes of keys");
                entries.Add(entry);
            }
        }

        return entries;
    }
}

/// <summary>An entry of a sorted table.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Value">What the table holds under it.</param>
internal readonly record struct TableEntry(byte[] Key, ReadOnlyMemory<byte> Value);
