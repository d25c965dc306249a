using System.Globalization;

namespace Engine.Model.Checkpoints.Archives;

/// <summary>Reads a tar archive from its beginning to its end, file by file.</summary>
/// <remarks>
/// .NET's own TarReader checks no header's checksum and allocates what a header asks for, gigabytes for a header of 512 bytes; this one does neither, and
/// refuses links, devices and sparse files, which no model needs.
/// </remarks>
internal static class TarArchive
{
    // What describes the next file: its long name, its properties.
    private const int MaxDescriptionBytes = 1 << 20;

    /// <summary>Reads the files.</summary>
    /// <param name="stream">The archive, from its first byte; read to its end.</param>
    /// <param name="budget">What the entries count against.</param>
    /// <exception cref="ModelException">The archive is damaged, or holds what is refused.</exception>
    public static IEnumerable<ArchiveFile> Read(Stream stream, ArchiveBudget budget)
    {
        var block = new byte[TarHeader.BlockBytes];
        string? longName = null;
        long? longSize = null;
        while (true)
        {
            Fill(stream, block, budget);
            if (!block.AsSpan().ContainsAnyExcept((byte)0))
                break;
            var header = ReadHeader(block, budget);
            budget.TakeEntry();
            switch (header.Type)
            {
                case '0' or '\0' or '7':
                    long size = longSize ?? header.Size;
                    long left = size;
                    yield return new ArchiveFile(longName ?? header.Name, target => Copy(stream, target, ref left, budget));
                    Copy(stream, Stream.Null, ref left, budget);
                    Pad(stream, size, budget);
                    (longName, longSize) = (null, null);
                    break;
                case '5':
                    (longName, longSize) = (null, null);
                    break;
                case 'L':
                    longName = ReadText(Describe(stream, header, budget), budget);
                    break;
                case 'x':
                    ReadProperties(Describe(stream, header, budget), ref longName, ref longSize, budget);
                    break;
                case 'g':
                    Describe(stream, header, budget); // properties of all files, such as a comment
                    break;
                default:
                    string kind = header.Type switch { '1' or '2' or 'K' => "a link", '3' or '4' or '6' => "a device", _ => $"of type '{header.Type}'" };
                    throw new ModelException(
                        $"{budget.Path}: entry \"{longName ?? header.Name}\" is {kind}, expected files and folders only; unpack the archive and give the model's folder");
            }
        }

        CheckEnd(stream, block, budget);
    }

    private static TarHeader ReadHeader(byte[] block, ArchiveBudget budget)
    {
        try
        {
            return TarHeader.Read(block);
        }
        catch (InvalidDataException exception)
        {
            throw budget.Damaged(exception.Message);
        }
    }

    private static string ReadText(ReadOnlySpan<byte> bytes, ArchiveBudget budget)
    {
        try
        {
            return TarHeader.Text(bytes);
        }
        catch (InvalidDataException exception)
        {
            throw budget.Damaged(exception.Message);
        }
    }

    /// <summary>After the end there is only padding: a header that was wiped out must not hide the files behind it.</summary>
    private static void CheckEnd(Stream stream, byte[] block, ArchiveBudget budget)
    {
        int count;
        while ((count = stream.Read(block)) > 0)
        {
            if (block.AsSpan(0, count).ContainsAnyExcept((byte)0))
                throw budget.Damaged("has data behind its end");
        }
    }

    private static byte[] Describe(Stream stream, TarHeader header, ArchiveBudget budget)
    {
        if (header.Size > MaxDescriptionBytes)
            throw budget.Damaged($"describes a file with {header.Size} bytes, expected at most {MaxDescriptionBytes}");
        var bytes = new byte[header.Size];
        Fill(stream, bytes, budget);
        Pad(stream, header.Size, budget);
        return bytes;
    }

    /// <summary>Reads records of the form <c>LENGTH KEY=VALUE\n</c>, the length that of the whole record (POSIX.1-2001 "pax").</summary>
    private static void ReadProperties(ReadOnlySpan<byte> records, ref string? name, ref long? size, ArchiveBudget budget)
    {
        while (records.Length > 0)
        {
            int blank = records.IndexOf((byte)' ');
            if (blank < 0 || !TryParse(records[..blank], out long length) || length < blank + 2 || length > records.Length)
                throw budget.Damaged("describes a file with an ill-formed record");
            var record = records[(blank + 1)..((int)length - 1)];
            int equals = record.IndexOf((byte)'=');
            if (equals < 0 || records[(int)length - 1] != '\n')
                throw budget.Damaged("describes a file with an ill-formed record");
            var key = record[..equals];
            var value = record[(equals + 1)..];
            if (key.SequenceEqual("path"u8))
                name = ReadText(value, budget);
            else if (key.SequenceEqual("size"u8))
                size = TryParse(value, out long number) ? number : throw budget.Damaged("has a file of an ill-formed length");
            else if (key.StartsWith("GNU.sparse"u8))
                throw new ModelException($"{budget.Path}: holds a sparse file, which is not read; unpack the archive and give the model's folder");
            records = records[(int)length..];
        }
    }

    private static bool TryParse(ReadOnlySpan<byte> digits, out long number) =>
        long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static void Copy(Stream stream, Stream target, ref long left, ArchiveBudget budget)
    {
        var buffer = new byte[(int)Math.Min(left, 1 << 18)];
        while (left > 0)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(left, buffer.Length));
            Fill(stream, part, budget);
            target.Write(part);
            left -= part.Length;
        }
    }

    private static void Pad(Stream stream, long size, ArchiveBudget budget)
    {
        Span<byte> padding = stackalloc byte[(int)(-size & (TarHeader.BlockBytes - 1))];
        Fill(stream, padding, budget);
    }

    private static void Fill(Stream stream, Span<byte> target, ArchiveBudget budget)
    {
        if (stream.ReadAtLeast(target, target.Length, throwOnEndOfStream: false) < target.Length)
            throw budget.Damaged("ends in the middle of its files");
    }
}
