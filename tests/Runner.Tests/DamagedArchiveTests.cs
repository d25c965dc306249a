using System.Buffers.Binary;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Xunit;

namespace Engine.Runner.Tests;

/// <summary>Archives that are damaged or hostile, built here: one line, exit code 2, nothing touched on the disk, not even a folder on the way to the output.</summary>
public sealed class DamagedArchiveTests : IDisposable
{
    private const string Entry = "saved_model.pb";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("../vocab.txt")]
    [InlineData("/tmp/vocab.txt")]
    [InlineData("a\\..\\vocab.txt")]
    [InlineData("C:/vocab.txt")]
    public void Names_that_lead_elsewhere(string name)
    {
        AssertRefused("model.tar", Tar((TarEntryType.RegularFile, name, [1])), $"entry \"{name}\" leads out of the archive's folder", "do not trust this archive");
        AssertRefused("model.tar.gz", GZip(Tar((TarEntryType.RegularFile, name, [1]))), $"entry \"{name}\" leads out of the archive's folder");
        AssertRefused("model.zip", Zip((name, [1])), $"entry \"{name}\" leads out of the archive's folder");
    }

    [Fact]
    public void More_than_a_model()
    {
        const string Advice = "unpack it and give the model's folder";
        byte[] zeros = new byte[80 << 20];
        AssertRefused("model.tar.gz", GZip(Tar((TarEntryType.RegularFile, "large.bin", zeros))), "unpacks to more than", "times its own length, expected a model", Advice);
        AssertRefused("model.zip", Zip((Entry, zeros)), "unpacks to more than", Advice);
        AssertRefused(
            "model.tar", Tar([.. Enumerable.Range(0, 10_001).Select(i => (TarEntryType.RegularFile, $"{i}.txt", Array.Empty<byte>()))]),
            "holds more than 10000 entries, expected a model's files", Advice);
        AssertRefused("model.zip", Zip([.. Enumerable.Range(0, 10_001).Select(i => ($"{i}.txt", Array.Empty<byte>()))]), "holds more than 10000 entries", Advice);
        // Comments of 60,000 bytes: few entries, and a directory that would have to be read whole.
        AssertRefused("model.zip", Zip(archive =>
        {
            for (int i = 0; i < 80; i++)
                archive.CreateEntry($"{i}.txt").Comment = new string('x', 60_000);
        }), "has a directory of", "expected at most 4194304 for a model's files");
    }

    [Fact]
    public void Tar_archives()
    {
        byte[] good = Tar((TarEntryType.RegularFile, Entry, [8, 1]));
        AssertRefused("cut.tar", good[..600], "ends in the middle of its files", "damaged or cut short: get it again");
        AssertRefused("checksum.tar.gz", GZip(Edit(good, bytes => bytes[0] ^= 1)), "a header does not have its checksum", "get it again");
        AssertRefused("behind.tar", Edit(good, bytes => bytes[^1] = 1), "has data behind its end", "get it again");
        AssertRefused("no-tar.gz", GZip([.. Enumerable.Range(0, 2000).Select(i => (byte)(i + 1))]), "a header does not have its checksum");
        AssertRefused("sparse.tar", Described("GNU.sparse.major=1"), "holds a sparse file, which is not read; unpack the archive");
        AssertRefused("size.tar", Described("size=x"), "has a file of an ill-formed length", "get it again");
        AssertRefused("record.tar", Edit(Described("path=x"), bytes => bytes[512] = (byte)'x'), "describes a file with an ill-formed record", "get it again");
        AssertRefused("equals.tar", Described("path-x"), "describes a file with an ill-formed record", "get it again");
        AssertRefused("utf8.tar", Edit(Described("path=x"), bytes => bytes[512 + 8] = 0xFF), "a name is not valid UTF-8", "get it again");
        AssertRefused("long.tar", Seal(Edit(Described("path=x"), bytes => "13000000000\0"u8.CopyTo(bytes.AsSpan(124)))), "describes a file with 1476395008 bytes, expected at most ");
        AssertRefused(
            "folder.tar", Tar((TarEntryType.RegularFile, "a.txt", [1]), (TarEntryType.RegularFile, "a.txt/b.txt", [1])), "cannot be unpacked into", "choose a folder that is writable and has room");
        AssertRefused("kind.tar", Seal(Edit(good, bytes => bytes[156] = (byte)'S')), "is of type 'S', expected files and folders only; unpack the archive");
    }

    [Fact]
    public void Gzip_files()
    {
        byte[] good = GZip(Tar((TarEntryType.RegularFile, Entry, [8, 1])));
        AssertRefused("cut.tar.gz", good[..^8], "get it again");
        AssertRefused("length.tar.gz", Edit(good, bytes => bytes[^1] ^= 1), "damaged or cut short: get it again");
        AssertRefused("packed.tar.gz", Edit(good, bytes => bytes[12] ^= 0xFF), "damaged or cut short: get it again");
        AssertRefused("model.tar.xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "is no archive that is read, expected .tar.gz, .tar or .zip; unpack it and give the model's folder");
    }

    [Theory]
    [InlineData("end", "does not end with the directory of a zip archive")]
    [InlineData("offset", "has its directory at byte 65535, expected one before byte")]
    [InlineData("count", "has 1 entries, expected 7")]
    [InlineData("signature", "has an ill-formed entry in its directory")]
    [InlineData("room", "has an entry that does not fit into its directory")]
    [InlineData("utf8", "has an entry whose name is not valid UTF-8")]
    [InlineData("large", "has an entry of an ill-formed length")]
    [InlineData("zip64 locator", "lacks the directory of a large zip archive")]
    [InlineData("zip64 place", "lacks the directory of a large zip archive")]
    [InlineData("zip64 record", "lacks the directory of a large zip archive")]
    [InlineData("name", "has another name in its own header")]
    [InlineData("place", "does not lie in the archive")]
    [InlineData("content", "does not lie in the archive")]
    [InlineData("checksum", "has 2 bytes with checksum")]
    public void Zip_archives(string damage, string expected)
    {
        byte[] good = Zip((Entry, [8, 1]));
        int end = good.Length - 22, directory = BinaryPrimitives.ReadInt32LittleEndian(good.AsSpan(end + 16));
        byte[] bad = damage switch
        {
            "end" => good[..^1],
            "offset" => Edit(good, bytes => BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(end + 16), 65535)),
            "count" => Edit(good, bytes => bytes[end + 10] = 7),
            "signature" => Edit(good, bytes => bytes[directory] ^= 1),
            "room" => Edit(good, bytes => bytes[directory + 31] = 1),
            "utf8" => Edit(good, bytes => bytes[directory + 46] = 0xFF),
            "large" => Edit(good, bytes => bytes.AsSpan(directory + 24, 4).Fill(0xFF)),
            "zip64 locator" => [.. "PK\u0005\u0006"u8, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, .. new byte[10]],
            "zip64 place" or "zip64 record" => Large(good, end, isPlaceRight: damage == "zip64 record"),
            "name" => Edit(good, bytes => bytes[directory + 46] ^= 1),
            "place" => Edit(good, bytes => bytes[directory + 43] = 0x7F),
            "content" => Edit(good, bytes => bytes[directory + 21] = 0x7F),
            _ => Edit(good, bytes => bytes[directory + 16] ^= 1),
        };
        AssertRefused("model.zip", bad, expected, "the archive is damaged or cut short: get it again");
    }

    [Fact]
    public void A_link_in_a_zip_archive() => AssertRefused(
        "model.zip", Zip(archive => archive.CreateEntry(Entry).ExternalAttributes = unchecked((int)0xA1FF0000)),
        $"entry \"{Entry}\" is a link or a device, expected files and folders only; unpack the archive");

    /// <summary>An archive whose end says that it is a large one (zip64), which it is not.</summary>
    private static byte[] Large(byte[] good, int end, bool isPlaceRight)
    {
        byte[] locator = [.. "PK\u0006\u0007"u8, .. new byte[16]];
        BinaryPrimitives.WriteInt64LittleEndian(locator.AsSpan(8), isPlaceRight ? 0 : 1 << 20);
        // Room for the record that the locator promises lies before it.
        return Edit([.. good[..end], .. new byte[64], .. locator, .. good[end..]], bytes => bytes.AsSpan(^22)[16..20].Fill(0xFF));
    }

    /// <summary>A tar archive with one record of properties before its file.</summary>
    private static byte[] Described(string record)
    {
        // The length counts itself: two digits, a blank, the record, a line feed.
        byte[] content = Encoding.ASCII.GetBytes($"{record.Length + 4} {record}\n");
        byte[] archive = Tar((TarEntryType.RegularFile, "properties", content), (TarEntryType.RegularFile, Entry, [8, 1]));
        return Seal(Edit(archive, bytes => bytes[156] = (byte)'x'));
    }

    /// <summary>Gives the first header its checksum.</summary>
    private static byte[] Seal(byte[] archive)
    {
        archive.AsSpan(148, 8).Fill((byte)' ');
        int sum = archive.AsSpan(0, 512).ToArray().Sum(value => value);
        Encoding.ASCII.GetBytes(Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(archive, 148);
        return archive;
    }

    private static byte[] Edit(byte[] archive, Action<byte[]> edit)
    {
        byte[] copy = [.. archive];
        edit(copy);
        return copy;
    }

    private static byte[] Tar(params (TarEntryType Type, string Name, byte[] Content)[] entries)
    {
        using MemoryStream stream = new();
        using (TarWriter writer = new(stream, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach ((TarEntryType type, string name, byte[] content) in entries)
                writer.WriteEntry(new UstarTarEntry(type, name) { DataStream = new MemoryStream(content) });
        }
        return stream.ToArray();
    }

    private static byte[] GZip(byte[] content)
    {
        using MemoryStream stream = new();
        using (GZipStream zip = new(stream, CompressionLevel.Optimal, leaveOpen: true))
            zip.Write(content);
        return stream.ToArray();
    }

    private static byte[] Zip(params (string Name, byte[] Content)[] files) => Zip(archive =>
    {
        foreach ((string name, byte[] content) in files)
        {
            using Stream stream = archive.CreateEntry(name, content.Length > 100 ? CompressionLevel.Optimal : CompressionLevel.NoCompression).Open();
            stream.Write(content);
        }
    });

    private static byte[] Zip(Action<ZipArchive> write)
    {
        using MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true))
            write(archive);
        return stream.ToArray();
    }

    private void AssertRefused(string name, byte[] content, params string[] expected)
    {
        string archive = _folder.Write(name, content);
        _folder.AssertUntouched(() => CommandRun.Of("convert", archive, "--out", _folder.File("deep/new/out")).AssertBadInput([archive, .. expected]));
    }
}
