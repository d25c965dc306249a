using System.Buffers.Binary;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Engine.Model.Checkpoints.Archives;
using Engine.Model.Checkpoints.TensorFlow;
using Engine.Model.Tests.Data;
using Xunit;

namespace Engine.Model.Tests.Checkpoints.Archives;

public sealed class ExtractedArchiveTests : IDisposable
{
    private static readonly string Model = Fixtures.At("checkpoints", "hub-v2");

    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> Form => [.. Enum.GetNames<TarEntryFormat>().Skip(1).SelectMany(f => (string[])[f, f + ".gz"]), "zip", "zip stored"];

    [Theory]
    [MemberData(nameof(Form))]
    public void Whatever_a_model_is_packed_in_its_files_come_out_unchanged(string form)
    {
        foreach (string top in (string[])["", "model/", "./", "./outer/inner/"])
        {
            var files = Archives.FilesOf(Model, top);
            string path = folder.Write("download", Pack(form, files));
            using (var archive = ExtractedArchive.Open(path, folder.Path, CancellationToken.None))
            {
                Assert.Equal(Archives.FilesOf(Model).Select(f => f.Name), Archives.FilesOf(archive.Folder).Select(f => f.Name));
                Assert.All(Archives.FilesOf(Model).Zip(Archives.FilesOf(archive.Folder)), pair => Assert.Equal(pair.First.Content, pair.Second.Content));
            }

            Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
        }
    }

    [Theory]
    [InlineData("zip", ArchiveKind.Zip)]
    [InlineData("Ustar", ArchiveKind.Tar)]
    [InlineData("V7", ArchiveKind.Tar)]
    [InlineData("Gnu.gz", ArchiveKind.GZip)]
    public void An_archive_is_known_by_its_content(string form, object kind) =>
        Assert.Equal((ArchiveKind)kind, ArchiveRecognition.KindOf(folder.Write("download", Pack(form, Archives.FilesOf(Model)))));

    [Fact]
    public void The_files_of_a_model_are_no_archives() =>
        Assert.All(Directory.EnumerateFiles(Model, "*", SearchOption.AllDirectories), path => Assert.Equal(ArchiveKind.None, ArchiveRecognition.KindOf(path)));

    [Fact]
    public void What_no_conversion_needs_stays_packed()
    {
        string path = folder.Write("download", Archives.GZip(Archives.Tar(
            [("m/pytorch_model.bin", [1]), ("m/vocab.txt", [2]), ("m/._vocab.txt", [3]), ("m/model.ckpt.meta", [4]), ("__MACOSX/m/vocab.txt", [5])])));
        using var archive = ExtractedArchive.Open(path, folder.Path, CancellationToken.None);
        Assert.Equal("vocab.txt", Path.GetFileName(Assert.Single(Directory.GetFiles(archive.Folder))));
    }

    [Theory]
    [InlineData("../vocab.txt")]
    [InlineData("a/../../vocab.txt")]
    [InlineData("/tmp/vocab.txt")]
    [InlineData("a\\..\\..\\vocab.txt")]
    [InlineData("C:/vocab.txt")]
    [InlineData("a/vocab.txt\u0007")]
    [InlineData("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/vocab.txt")]
    public void A_name_that_leads_elsewhere_is_refused(string name)
    {
        (string, byte[])[] files = [("a/vocab.txt", [1]), (name, [2])];
        AssertRefused(Archives.Tar(files), "leads out of the archive's folder");
        AssertRefused(Archives.GZip(Archives.Tar(files, TarEntryFormat.Gnu)), "leads out of the archive's folder");
        AssertRefused(Archives.Zip(files), "leads out of the archive's folder");
    }

    [Theory]
    [InlineData(TarEntryType.SymbolicLink, "is a link")]
    [InlineData(TarEntryType.HardLink, "is a link")]
    [InlineData(TarEntryType.Fifo, "is a device")]
    [InlineData(TarEntryType.CharacterDevice, "is a device")]
    public void Links_and_devices_are_refused(TarEntryType type, string expected)
    {
        AssertRefused(
            Archives.Tar(writer =>
            {
                var entry = Archives.Entry(TarEntryFormat.Pax, type, "vocab.txt");
                if (type is TarEntryType.SymbolicLink or TarEntryType.HardLink)
                    entry.LinkName = "/etc/passwd";
                writer.WriteEntry(entry);
            }),
            expected);
    }

    [Fact]
    public void A_link_in_a_zip_archive_is_refused() =>
        AssertRefused(Archives.Zip(archive => archive.CreateEntry("vocab.txt").ExternalAttributes = unchecked((int)0xA1FF0000)), "is a link or a device");

    [Fact]
    public void A_file_that_comes_twice_is_refused()
    {
        (string, byte[])[] files = [("vocab.txt", [1]), ("./vocab.txt", [2])];
        AssertRefused(Archives.Tar(files), "twice");
        AssertRefused(Archives.Zip(files), "twice");
    }

    [Fact]
    public void What_unpacks_to_far_more_than_it_is_is_refused()
    {
        // 100 MB of zeros in 0.1 MB, under a name that would be written and under one that would be passed over.
        var zeros = new byte[100 << 20];
        foreach (string name in (string[])["model.index", "large.bin"])
            AssertRefused(Archives.GZip(Archives.Tar([(name, zeros)])), "unpacks to more than");
        AssertRefused(Archives.Zip([("model.index", zeros)]), "unpacks to more than");
        AssertRefused(Archives.Tar(Enumerable.Range(0, 10_001).Select(i => ($"{i}.txt", Array.Empty<byte>()))), "more than 10000 entries");
        AssertRefused(Archives.Zip(Enumerable.Range(0, 10_001).Select(i => ($"{i}.txt", Array.Empty<byte>()))), "more than 10000 entries");
    }

    [Fact]
    public void A_length_that_the_archive_does_not_have_allocates_nothing()
    {
        // A block of properties that claims 1.4 GB, its checksum made to fit.
        var tar = Archives.Tar([("vocab.txt", [1])]);
        "13000000000\0"u8.CopyTo(tar.AsSpan(124));
        "        "u8.CopyTo(tar.AsSpan(148));
        Encoding.ASCII.GetBytes(Convert.ToString(tar.Take(512).Sum(b => b), 8).PadLeft(6, '0') + "\0 ").CopyTo(tar, 148);
        long before = GC.GetAllocatedBytesForCurrentThread();
        AssertRefused(tar, "describes a file with 1476395008 bytes");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
    }

    [Theory]
    [MemberData(nameof(Form))]
    public void An_archive_cut_anywhere_is_refused(string form)
    {
        // Incompressible, so that every cut takes something away.
        var content = new byte[3000];
        new Random(5).NextBytes(content);
        var whole = Pack(form, [("model.index", content), ("vocab.txt", content[..700])]);

        // The end of a tar archive is two empty blocks, of which one is enough.
        int end = form.StartsWith("zip", StringComparison.Ordinal) || form.EndsWith(".gz", StringComparison.Ordinal) ? whole.Length : whole.Length - 512;
        for (int length = 0; length < end; length += length < 40 || end - length < 40 ? 1 : 37)
            AssertRefused(whole[..length], "");
    }

    [Theory]
    [InlineData("Pax.gz")]
    [InlineData("Gnu.gz")]
    [InlineData("zip")]
    [InlineData("zip stored")]
    public void A_changed_byte_gives_the_same_files_or_an_error(string form)
    {
        var random = new Random(7);
        var content = new byte[2000];
        random.NextBytes(content);
        (string Name, byte[] Content)[] files = [("model.index", content), ("vocab.txt", content[..700])];
        var whole = Pack(form, files);
        for (int i = 0; i < whole.Length; i += i < 200 || whole.Length - i < 300 ? 1 : 13)
        {
            var changed = (byte[])whole.Clone();
            changed[i] ^= (byte)(1 << random.Next(8));
            string path = folder.Write("download", changed);
            try
            {
                using var archive = ExtractedArchive.Open(path, folder.Path, CancellationToken.None);
                Assert.Equal(files.Select(f => f.Name), Archives.FilesOf(archive.Folder).Select(f => f.Name));
                Assert.All(files.Zip(Archives.FilesOf(archive.Folder)), pair => Assert.Equal(pair.First.Content, pair.Second.Content));
            }
            catch (ModelException exception)
            {
                AssertOneLine(exception, path);
            }
        }
    }

    [Fact]
    public void Other_compressed_forms_are_named()
    {
        AssertRefused([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "expected .tar.gz, .tar or .zip");
        AssertRefused(Archives.GZip(new byte[2000].Select((_, i) => (byte)(i + 1)).ToArray()), "a header does not have its checksum");
    }

    [Fact]
    public void A_stop_leaves_nothing_behind()
    {
        string path = folder.Write("download", Pack("Pax.gz", Archives.FilesOf(Model)));
        using var stop = new CancellationTokenSource();
        var stopper = new Stopper(stop);
        Assert.Throws<OperationCanceledException>(() => ExtractedArchive.Open(path, folder.Path, stop.Token, stopper));
        Assert.True(stopper.Written > 0);
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Errors_about_unpacked_files_name_the_archive()
    {
        string path = folder.Write("download", Pack("zip", [.. Archives.FilesOf(Model, "m/").Where(f => !f.Name.Contains("00001", StringComparison.Ordinal))]));
        using var archive = ExtractedArchive.Open(path, folder.Path, CancellationToken.None);
        var exception = Assert.Throws<ModelException>(() => TensorBundle.Open(Path.Combine(archive.Folder, "variables", "variables")));
        Assert.StartsWith(
            $"{path}: {Path.Combine("variables", "variables.data-00000-of-00001")}: is missing", archive.Describe(exception).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_zip_archive_whose_directory_names_other_files_is_refused()
    {
        var zip = Archives.Zip([("vocab.txt", [1])], CompressionLevel.NoCompression);
        int directory = (int)BinaryPrimitives.ReadUInt32LittleEndian(zip.AsSpan(zip.Length - 6));
        zip[directory + 46] = (byte)'V';
        AssertRefused(zip, "another name in its own header");
    }

    public void Dispose() => folder.Dispose();

    private static byte[] Pack(string form, (string Name, byte[] Content)[] files)
    {
        if (form.StartsWith("zip", StringComparison.Ordinal))
            return Archives.Zip(files, form.EndsWith("stored", StringComparison.Ordinal) ? CompressionLevel.NoCompression : CompressionLevel.Optimal);
        string[] parts = form.Split('.');
        var tar = Archives.Tar(files, Enum.Parse<TarEntryFormat>(parts[0]));
        return parts.Length == 1 ? tar : Archives.GZip(tar);
    }

    private static void AssertOneLine(ModelException exception, string path)
    {
        Assert.StartsWith(path, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(exception.Message, char.IsControl);
    }

    private void AssertRefused(byte[] archive, string expected)
    {
        string path = folder.Write("download", archive);
        var exception = Assert.Throws<ModelException>(() => ExtractedArchive.Open(path, folder.Path, CancellationToken.None).Dispose());
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        AssertOneLine(exception, path);
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    private sealed class Stopper(CancellationTokenSource stop) : IProgress<long>
    {
        public long Written { get; private set; }

        public void Report(long value)
        {
            Written = value;
            stop.Cancel();
        }
    }
}
