using System.Buffers.Binary;
using System.Text;
using Engine.Model.Data;
using Microsoft.Win32.SafeHandles;

namespace Engine.Model.Checkpoints.Archives;

/// <summary>A file as a zip archive's directory describes it.</summary>
/// <param name="Name">Its name; of a folder it ends with a slash.</param>
/// <param name="Method">How it is compressed: 0 not, 8 deflate.</param>
/// <param name="IsEncrypted">Whether a password is needed.</param>
/// <param name="FileType">The kind of file that Unix has it as (the S_IFMT bits); 0 where the archive was made elsewhere.</param>
/// <param name="Checksum">The checksum of its content.</param>
/// <param name="PackedBytes">The length of what is stored.</param>
/// <param name="Bytes">The length of its content.</param>
/// <param name="Offset">Where its own header is.</param>
internal sealed record ZipEntry(
    string Name, int Method, bool IsEncrypted, int FileType, uint Checksum, long PackedBytes, long Bytes, long Offset);

/// <summary>Reads the directory at the end of a zip archive (PKWARE, APPNOTE.TXT 6.3), with the form for large files (zip64).</summary>
internal static class ZipDirectory
{
    private const int EndBytes = 22;
    private const int MaxCommentBytes = ushort.MaxValue;
    private const int LocatorBytes = 20;
    private const int LargeEndBytes = 56;
    private const int EntryBytes = 46;
    private const int MaxDirectoryBytes = 4 << 20; // 10,000 entries with names of 300 bytes

    /// <summary>Reads the entries.</summary>
    /// <param name="handle">The archive.</param>
    /// <param name="budget">What the entries count against.</param>
    /// <exception cref="ModelException">There is no directory, or it is damaged.</exception>
    public static IReadOnlyList<ZipEntry> Read(SafeFileHandle handle, ArchiveBudget budget)
    {
        var (count, offset, end) = FindDirectory(handle, budget);
        if (offset < 0 || offset > end)
            throw budget.Damaged($"has its directory at byte {offset}, expected one before byte {end}");
        if (end - offset > MaxDirectoryBytes)
            throw new ModelException($"{budget.Path}: has a directory of {end - offset} bytes, expected at most {MaxDirectoryBytes} for a model's files");
        var directory = new byte[end - offset];
        CheckedFile.ReadExactly(budget.Path, handle, offset, directory);
        var entries = new List<ZipEntry>();
        for (int position = 0; position < directory.Length;)
        {
            budget.TakeEntry();
            entries.Add(ReadEntry(directory, ref position, budget));
        }

        return entries.Count == count ? entries : throw budget.Damaged($"has {entries.Count} entries, expected {count}");
    }

    /// <summary>Finds the directory: the number of its entries, its first byte, and the byte behind it.</summary>
    private static (long Count, long Offset, long End) FindDirectory(SafeFileHandle handle, ArchiveBudget budget)
    {
        long length = budget.ArchiveBytes;
        var tail = new byte[(int)Math.Min(length, EndBytes + MaxCommentBytes)];
        CheckedFile.ReadExactly(budget.Path, handle, length - tail.Length, tail);
        int at = tail.AsSpan().LastIndexOf("PK\x05\x06"u8);
        if (at < 0 || tail.Length - at < EndBytes || tail.Length - at - EndBytes != BinaryPrimitives.ReadUInt16LittleEndian(tail.AsSpan(at + 20)))
            throw budget.Damaged("does not end with the directory of a zip archive");
        long end = length - tail.Length + at;
        var record = tail.AsSpan(at);
        long count = BinaryPrimitives.ReadUInt16LittleEndian(record[10..]);
        long offset = BinaryPrimitives.ReadUInt32LittleEndian(record[16..]);
        if (count != ushort.MaxValue && offset != uint.MaxValue)
            return (count, offset, end);

        var locator = new byte[LocatorBytes];
        if (end < LocatorBytes)
            throw budget.Damaged("lacks the directory of a large zip archive");
        CheckedFile.ReadExactly(budget.Path, handle, end - LocatorBytes, locator);
        if (!locator.AsSpan().StartsWith("PK\x06\x07"u8))
            return (count, offset, end);
        long largeEnd = BinaryPrimitives.ReadInt64LittleEndian(locator.AsSpan(8));
        if (largeEnd < 0 || largeEnd > end - LocatorBytes - LargeEndBytes)
            throw budget.Damaged("lacks the directory of a large zip archive");
        var large = new byte[LargeEndBytes];
        CheckedFile.ReadExactly(budget.Path, handle, largeEnd, large);
        return large.AsSpan().StartsWith("PK\x06\x06"u8)
            ? (BinaryPrimitives.ReadInt64LittleEndian(large.AsSpan(32)), BinaryPrimitives.ReadInt64LittleEndian(large.AsSpan(48)), largeEnd)
            : throw budget.Damaged("lacks the directory of a large zip archive");
    }

    private static ZipEntry ReadEntry(byte[] directory, ref int position, ArchiveBudget budget)
    {
        var rest = directory.AsSpan(position);
        if (rest.Length < EntryBytes || !rest.StartsWith("PK\x01\x02"u8))
            throw budget.Damaged("has an ill-formed entry in its directory");
        int nameBytes = BinaryPrimitives.ReadUInt16LittleEndian(rest[28..]);
        int extraBytes = BinaryPrimitives.ReadUInt16LittleEndian(rest[30..]);
        int total = EntryBytes + nameBytes + extraBytes + BinaryPrimitives.ReadUInt16LittleEndian(rest[32..]);
        if (rest.Length < total)
            throw budget.Damaged("has an entry that does not fit into its directory");
        position += total;
        var (bytes, packed, offset) = Sizes(
            rest.Slice(EntryBytes + nameBytes, extraBytes),
            BinaryPrimitives.ReadUInt32LittleEndian(rest[24..]),
            BinaryPrimitives.ReadUInt32LittleEndian(rest[20..]),
            BinaryPrimitives.ReadUInt32LittleEndian(rest[42..]),
            budget);
        bool isUnix = rest[5] == 3;
        return new ZipEntry(
            Name(rest.Slice(EntryBytes, nameBytes), budget),
            BinaryPrimitives.ReadUInt16LittleEndian(rest[10..]),
            (rest[8] & 1) != 0,
            isUnix ? (BinaryPrimitives.ReadUInt16LittleEndian(rest[40..]) & 0xF000) : 0,
            BinaryPrimitives.ReadUInt32LittleEndian(rest[16..]),
            packed,
            bytes,
            offset);
    }

    /// <summary>The lengths and the place; those that do not fit into 32 bits stand in the extra field 1, in this order.</summary>
    private static (long Bytes, long Packed, long Offset) Sizes(ReadOnlySpan<byte> extra, uint bytes, uint packed, uint offset, ArchiveBudget budget)
    {
        ReadOnlySpan<byte> large = [];
        while (extra.Length >= 4)
        {
            int size = BinaryPrimitives.ReadUInt16LittleEndian(extra[2..]);
            if (size > extra.Length - 4)
                break;
            if (BinaryPrimitives.ReadUInt16LittleEndian(extra) == 1)
                large = extra.Slice(4, size);
            extra = extra[(4 + size)..];
        }

        long first = Take(bytes, ref large), second = Take(packed, ref large), third = Take(offset, ref large);
        return first >= 0 && second >= 0 && third >= 0 ? (first, second, third) : throw budget.Damaged("has an entry of an ill-formed length");

        static long Take(uint small, ref ReadOnlySpan<byte> large)
        {
            if (small != uint.MaxValue)
                return small;
            if (large.Length < sizeof(long))
                return -1;
            long value = BinaryPrimitives.ReadInt64LittleEndian(large);
            large = large[sizeof(long)..];
            return value;
        }
    }

    private static string Name(ReadOnlySpan<byte> bytes, ArchiveBudget budget)
    {
        try
        {
            return StrictUtf8.Encoding.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw budget.Damaged("has an entry whose name is not valid UTF-8");
        }
    }
}
