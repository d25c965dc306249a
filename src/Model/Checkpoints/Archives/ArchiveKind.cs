using System.Buffers.Binary;

namespace Engine.Model.Checkpoints.Archives;

/// <summary>The forms of archives, by their first bytes.</summary>
internal enum ArchiveKind
{
    /// <summary>No archive.</summary>
    None,

    /// <summary>A tar archive as it is.</summary>
    Tar,

    /// <summary>Something compressed with gzip (RFC 1952): a tar archive, as models are published.</summary>
    GZip,

    /// <summary>A zip archive.</summary>
    Zip,

    /// <summary>A compressed form that is not read.</summary>
    Unread,
}

/// <summary>Tells archives from other files.</summary>
internal static class ArchiveRecognition
{
    /// <summary>What a file is, by its content.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelException">It cannot be read.</exception>
    public static ArchiveKind KindOf(string path)
    {
        using var handle = CheckedFile.Open(path);
        Span<byte> start = stackalloc byte[(int)Math.Min(TarHeader.BlockBytes, RandomAccess.GetLength(handle))];
        CheckedFile.ReadExactly(path, handle, 0, start);
        return KindOf(start);
    }

    private static ArchiveKind KindOf(ReadOnlySpan<byte> start)
    {
        if (start.Length < 4)
            return ArchiveKind.None;
        if (start.Length == TarHeader.BlockBytes && TarHeader.HasChecksum(start))
            return ArchiveKind.Tar;
        return BinaryPrimitives.ReadUInt32BigEndian(start) switch
        {
            0x504B0304 or 0x504B0506 => ArchiveKind.Zip, // the second begins an empty one
            0xFD377A58 or 0x28B52FFD or 0x377ABCAF or 0x52617221 => ArchiveKind.Unread, // xz, zstd, 7z, rar
            var word when word >> 8 == 0x1F8B08 => ArchiveKind.GZip,
            var word when word >> 8 == 0x425A68 => ArchiveKind.Unread, // bzip2
            _ => ArchiveKind.None,
        };
    }
}
