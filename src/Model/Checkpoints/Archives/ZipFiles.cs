using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Engine.Model.Checkpoints.Archives;

/// <summary>Reads the files of a zip archive, each with its checksum.</summary>
/// <remarks>
/// .NET's own ZipArchive computes no checksums, does not compare a file's header with the directory, and reads a directory of any length into memory; only its
/// inflate is used here.
/// </remarks>
internal static class ZipFiles
{
    private const int HeaderBytes = 30;
    private const int RegularFile = 0x8000;
    private const int Folder = 0x4000;

    /// <summary>Reads the files.</summary>
    /// <param name="handle">The archive.</param>
    /// <param name="budget">What they count against.</param>
    /// <exception cref="ModelException">The archive is damaged, or holds what is refused.</exception>
    public static IEnumerable<ArchiveFile> Read(SafeFileHandle handle, ArchiveBudget budget)
    {
        foreach (var entry in ZipDirectory.Read(handle, budget))
        {
            if (entry.FileType is not (0 or RegularFile or Folder))
            {
                throw new ModelException(
                    $"{budget.Path}: entry \"{entry.Name}\" is a link or a device, expected files and folders only; "
                    + "unpack the archive and give the model's folder");
            }

            long start = FindContent(handle, entry, budget);
            if (!entry.Name.EndsWith('/'))
                yield return new ArchiveFile(entry.Name, target => Copy(new FilePart(budget.Path, handle, start, entry.PackedBytes), entry, target, budget));
        }
    }

    private static void Copy(Stream packed, ZipEntry entry, Stream target, ArchiveBudget budget)
    {
        if (entry.IsEncrypted || entry.Method is not (0 or 8))
        {
            throw new ModelException(
                $"{budget.Path}: entry \"{entry.Name}\" is {(entry.IsEncrypted ? "encrypted" : $"compressed by method {entry.Method}")}, "
                + "expected deflate and no password; unpack the archive and give the model's folder");
        }

        using var content = new MeteredStream(entry.Method == 8 ? new DeflateStream(packed, CompressionMode.Decompress) : packed, budget);
        content.CopyTo(target);
        if (content.Count != entry.Bytes || content.Checksum != entry.Checksum)
        {
            throw budget.Damaged(
                $"entry \"{entry.Name}\" has {content.Count} bytes with checksum {content.Checksum:x8}, expected {entry.Bytes} with {entry.Checksum:x8}");
        }
    }

    /// <summary>The first byte of a file's content: behind its own header, which must name the same file as the directory.</summary>
    private static long FindContent(SafeFileHandle handle, ZipEntry entry, ArchiveBudget budget)
    {
        var header = new byte[HeaderBytes];
        if (entry.Offset > budget.ArchiveBytes - HeaderBytes)
            throw budget.Damaged($"entry \"{entry.Name}\" does not lie in the archive");
        CheckedFile.ReadExactly(budget.Path, handle, entry.Offset, header);
        var name = new byte[BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(26))];
        long start = entry.Offset + HeaderBytes + name.Length + BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(28));
        if (!header.AsSpan().StartsWith("PK\x03\x04"u8) || entry.PackedBytes > budget.ArchiveBytes || start > budget.ArchiveBytes - entry.PackedBytes)
            throw budget.Damaged($"entry \"{entry.Name}\" does not lie in the archive");
        CheckedFile.ReadExactly(budget.Path, handle, entry.Offset + HeaderBytes, name);
        return name.AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(entry.Name))
            ? start
            : throw budget.Damaged($"entry \"{entry.Name}\" has another name in its own header");
    }
}
