using System.Formats.Tar;
using System.IO.Compression;

namespace Engine.Model.Tests.Checkpoints.Archives;

/// <summary>Makes archives as the usual tools do: .NET's own writers.</summary>
internal static class Archives
{
    /// <summary>A folder's files, those with the most bytes first, as in archives whose data come before their index.</summary>
    public static (string Name, byte[] Content)[] FilesOf(string folder, string prefix = "") =>
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => (prefix + Path.GetRelativePath(folder, path).Replace('\\', '/'), File.ReadAllBytes(path)))
            .OrderByDescending(file => file.Item2.Length)];

    public static byte[] Tar(IEnumerable<(string Name, byte[] Content)> files, TarEntryFormat format = TarEntryFormat.Pax) =>
        Tar(writer =>
        {
            foreach (var (name, content) in files)
                writer.WriteEntry(Entry(format, TarEntryType.RegularFile, name, content));
        });

    public static byte[] Tar(Action<TarWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, leaveOpen: true))
            write(writer);
        return stream.ToArray();
    }

    public static TarEntry Entry(TarEntryFormat format, TarEntryType type, string name, byte[]? content = null)
    {
        TarEntry entry = format switch
        {
            TarEntryFormat.V7 => new V7TarEntry(type == TarEntryType.RegularFile ? TarEntryType.V7RegularFile : type, name),
            TarEntryFormat.Ustar => new UstarTarEntry(type, name),
            TarEntryFormat.Gnu => new GnuTarEntry(type, name),
            _ => new PaxTarEntry(type, name),
        };
        if (content is not null)
            entry.DataStream = new MemoryStream(content);
        return entry;
    }

    public static byte[] GZip(byte[] content)
    {
        using var stream = new MemoryStream();
        using (var zip = new GZipStream(stream, CompressionLevel.Optimal, leaveOpen: true))
            zip.Write(content);
        return stream.ToArray();
    }

    public static byte[] Zip(IEnumerable<(string Name, byte[] Content)> files, CompressionLevel level = CompressionLevel.Optimal) =>
        Zip(archive =>
        {
            foreach (var (name, content) in files)
            {
                using var stream = archive.CreateEntry(name, level).Open();
                stream.Write(content);
            }
        });

    public static byte[] Zip(Action<ZipArchive> write)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
            write(archive);
        return stream.ToArray();
    }
}
