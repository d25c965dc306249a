using System.Buffers.Binary;
using System.IO.Compression;

namespace Engine.Model.Checkpoints.Archives;

/// <summary>
/// An archive as it was downloaded, <c>.tar.gz</c>, <c>.tar</c> or <c>.zip</c>, unpacked into a temporary folder for as long as this object lives. Whatever a
/// conversion cannot need stays packed. In these archives the data often comes before the index that explains it, which is why they are unpacked first.
/// </summary>
internal sealed class ExtractedArchive : IDisposable
{
    private readonly string root;

    private ExtractedArchive(string path, string root)
    {
        Path = path;
        this.root = root;
        Folder = root;
    }

    /// <summary>The archive.</summary>
    public string Path { get; }

    /// <summary>The folder that holds the model: the one that the archive was unpacked into, or the one folder in it.</summary>
    public string Folder { get; private set; }

    /// <summary>Unpacks an archive.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="parent">The folder in which the temporary one is made: the one that will take the result, so that there is room.</param>
    /// <param name="stop">Ends the work; the temporary folder is removed.</param>
    /// <param name="progress">Told after each part how many bytes of files were written so far.</param>
    /// <exception cref="ModelException">The archive cannot be read, is damaged, or holds what a model does not.</exception>
    /// <exception cref="OperationCanceledException">The user has stopped the work.</exception>
    public static ExtractedArchive Open(string path, string parent, CancellationToken stop, IProgress<long>? progress = null)
    {
        var kind = ArchiveRecognition.KindOf(path);
        string root = System.IO.Path.Combine(parent, $"archive.{Environment.ProcessId}-{Guid.NewGuid():N}.tmp");
        var archive = new ExtractedArchive(path, root);
        try
        {
            Directory.CreateDirectory(root);
            archive.Extract(kind, stop, progress);
            archive.Descend();
            return archive;
        }
        catch (Exception exception)
        {
            archive.Dispose();
            throw exception switch
            {
                InvalidDataException => new ModelException($"{path}: cannot be unpacked; the archive is damaged or cut short: get it again", exception),
                IOException or UnauthorizedAccessException => new ModelException(
                    $"{path}: cannot be unpacked into {parent} ({exception.Message.ReplaceLineEndings(" ")}); choose a folder that is writable and has room", exception),
                _ => exception,
            };
        }
    }

    /// <summary>An error about a file in the temporary folder as one about a file in the archive.</summary>
    public ModelException Describe(ModelException exception) =>
        new(
            exception.Message.Replace(Folder + System.IO.Path.DirectorySeparatorChar, $"{Path}: ", StringComparison.Ordinal).Replace(Folder, Path, StringComparison.Ordinal),
            exception);

    /// <summary>Removes the temporary folder.</summary>
    public void Dispose()
    {
        if (Directory.Exists(root))
            Directory.Delete(root, recursive: true);
    }

    private void Extract(ArchiveKind kind, CancellationToken stop, IProgress<long>? progress)
    {
        using var handle = CheckedFile.Open(Path);
        long length = RandomAccess.GetLength(handle);
        var budget = new ArchiveBudget(Path, length, stop);
        var file = new FilePart(Path, handle, 0, length);
        switch (kind)
        {
            case ArchiveKind.Tar:
                using (var stream = new MeteredStream(file, budget))
                    Write(TarArchive.Read(stream, budget), progress);
                break;
            case ArchiveKind.GZip:
                using (var stream = new MeteredStream(new GZipStream(file, CompressionMode.Decompress), budget))
                {
                    Write(TarArchive.Read(stream, budget), progress);
                    var trailer = new byte[8];
                    CheckedFile.ReadExactly(Path, handle, length - trailer.Length, trailer);
                    CheckTrailer(stream, trailer, budget);
                }

                break;
            case ArchiveKind.Zip:
                Write(ZipFiles.Read(handle, budget), progress);
                break;
            default:
                throw new ModelException($"{Path}: is no archive that is read, expected .tar.gz, .tar or .zip; unpack it and give the model's folder");
        }
    }

    /// <summary>
    /// Compares what was unpacked with gzip's own checksum and length. GZipStream does so where it finds them, but takes a file that ends before them for a whole one.
    /// </summary>
    private static void CheckTrailer(MeteredStream stream, ReadOnlySpan<byte> trailer, ArchiveBudget budget)
    {
        uint checksum = BinaryPrimitives.ReadUInt32LittleEndian(trailer), length = BinaryPrimitives.ReadUInt32LittleEndian(trailer[4..]);
        if (stream.Checksum != checksum || (uint)stream.Count != length)
            throw budget.Damaged($"unpacks to checksum {stream.Checksum:x8} and length {(uint)stream.Count}, expected {checksum:x8} and {length} by its end");
    }

    private void Write(IEnumerable<ArchiveFile> files, IProgress<long>? progress)
    {
        long written = 0;
        foreach (var file in files)
        {
            var parts = ArchivePath.Split(Path, file.Name);
            if (parts.Count == 0 || !ArchivePath.IsNeeded(parts))
                continue;
            string target = System.IO.Path.Combine([root, .. parts]);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
            if (File.Exists(target) || Directory.Exists(target))
                throw new ModelException($"{Path}: holds \"{file.Name}\" twice, expected each file once; unpack it and give the model's folder");
            using var output = new FileStream(target, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
            file.CopyTo(output);
            written += output.Length;
            progress?.Report(written);
        }
    }

    /// <summary>Goes into the one folder of an archive that was packed with the model's folder around it.</summary>
    private void Descend()
    {
        while (Directory.EnumerateFileSystemEntries(Folder).Take(2).ToArray() is [var only] && Directory.Exists(only))
            Folder = only;
    }
}
