using System.Formats.Tar;
using System.IO.Compression;
using Xunit;

namespace Engine.Runner.Tests;

/// <summary>engine convert and engine info --check, through the program's entry point.</summary>
public sealed class ConvertCommandTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_says_what_it_has_and_what_it_left_out()
    {
        CommandRun run = Convert(Checkpoint("tf1-training"), "--tokenizer", "tftext", "--dtype", "bfloat16", "--verify");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.StartsWith("TF1 checkpoint, 2 layers, hidden 32, 4 attention heads", run.Output, StringComparison.Ordinal);
        Assert.Contains("tokenizer: tftext: --tokenizer says so", run.Output, StringComparison.Ordinal);
        Assert.Contains("left out: 92 tensors, optimizer slots", run.Output, StringComparison.Ordinal);
        Assert.Contains("48 tensors written", run.Output, StringComparison.Ordinal);
        CommandRun info = CommandRun.Of("info", _folder.File("out"));
        Assert.Equal((0, ""), (info.Code, info.Error));
        Assert.Contains("origin      TF1 checkpoint, converted from", info.Output, StringComparison.Ordinal);
        Assert.Contains("head        PooledSoftmax", info.Output, StringComparison.Ordinal);
        Assert.Contains("BF16", info.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_file_is_named()
    {
        Assert.Equal(0, Convert(Checkpoint("hub-v4")).Code);
        CommandRun check = CommandRun.Of("info", "--check", _folder.File("out"));
        Assert.Equal((0, ""), (check.Code, check.Error));
        Assert.Contains("are as they were converted", check.Output, StringComparison.Ordinal);
        byte[] weights = File.ReadAllBytes(_folder.File("out/model.safetensors"));
        weights[^1] ^= 1;
        _folder.Write("out/model.safetensors", weights);
        CommandRun.Of("info", "--check", _folder.File("out")).AssertBadInput("model.safetensors: has the xxh128");
        File.Delete(_folder.File("out/vocab.txt"));
        CommandRun.Of("info", "--check", _folder.File("out")).AssertBadInput("model.safetensors", "vocab.txt: is missing");
        File.Delete(_folder.File("out/conversion.json"));
        CommandRun.Of("info", "--check", _folder.File("out")).AssertBadInput("no conversion.json");
    }

    [Theory]
    [InlineData(".tar.gz")]
    [InlineData(".zip")]
    public void Archives_convert_like_the_folders_in_them(string extension)
    {
        string archive = _folder.File("model" + extension);
        Pack(Checkpoint("hub-v4"), archive);
        Assert.Equal(0, Convert(Checkpoint("hub-v4"), "--out", _folder.File("plain")).Code);
        CommandRun run = Convert(archive);
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("in an archive", run.Output, StringComparison.Ordinal);
        foreach (string name in new[] { "model.safetensors", "config.json", "vocab.txt", "tokenizer_config.json" })
            Assert.Equal(File.ReadAllBytes(_folder.File("plain/" + name)), File.ReadAllBytes(_folder.File("out/" + name)));
        Assert.Equal(["model" + extension, "out", "plain"], Directory.EnumerateFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
        Assert.Equal(0, CommandRun.Of("info", "--check", _folder.File("out")).Code);

        // What is wrong within an archive is told of the archive.
        string broken = _folder.File("broken" + extension);
        string copy = _folder.File("copy");
        ZipFile.CreateFromDirectory(Checkpoint("hub-v4"), _folder.File("all.zip"));
        ZipFile.ExtractToDirectory(_folder.File("all.zip"), copy);
        File.Delete(Path.Combine(copy, "variables", "variables.index"));
        Pack(copy, broken);
        CommandRun.Of("convert", broken, "--out", _folder.File("none")).AssertBadInput("broken" + extension, "variables.index: is missing");
        Assert.False(Directory.Exists(_folder.File("none")));
    }

    [Fact]
    public void Refusals()
    {
        string empty = Directory.CreateDirectory(_folder.File("empty")).FullName;
        string h5 = _folder.Write("model.h5", "x");
        string pointer = _folder.Write("saved_model.pb", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
        Directory.CreateDirectory(_folder.File("variables"));
        _folder.Write("variables/variables.index", "x");
        Directory.CreateDirectory(_folder.File("full"));
        _folder.Write("full/mine.txt", "mine");
        string before = _folder.Fingerprint();
        Convert(empty).AssertBadInput("holds no checkpoint");
        Convert(h5).AssertBadInput("model.h5: is Keras's HDF5", "model.save");
        Convert(pointer).AssertBadInput("Git LFS");
        Convert(_folder.File("absent")).AssertBadInput("no such file");
        Convert(Checkpoint("preprocess-v3")).AssertBadInput("is a preprocessing model", "--tokenizer tftext");
        Convert(Checkpoint("hub-tf1")).AssertBadInput("--heads N");
        Convert(Checkpoint("hub-v4"), "--heads", "8").AssertBadInput("--heads 8", "has 4");
        Convert(Checkpoint("hub-v4"), "--cased", "--uncased").AssertBadInput("--cased and --uncased");
        Convert(Checkpoint("hub-v4"), "--vocab", _folder.File("absent.txt")).AssertBadInput("absent.txt");
        Convert(Checkpoint("hub-v4"), "--dtype", "float64").AssertBadInput("--dtype");
        Convert(Checkpoint("hub-v4"), "--out", _folder.File("full")).AssertBadInput("full exists and is not empty");
        CommandRun.Of("convert", Checkpoint("hub-v4")).AssertBadInput("--out");
        Assert.Equal(before, _folder.Fingerprint());
    }

    private static string Checkpoint(string name) => Path.Combine(Repository.Root, "tests", "fixtures", "checkpoints", name);

    private static void Pack(string folder, string archive)
    {
        if (archive.EndsWith(".zip", StringComparison.Ordinal))
        {
            ZipFile.CreateFromDirectory(folder, archive, CompressionLevel.Fastest, includeBaseDirectory: true);
            return;
        }
        using GZipStream zipped = new(File.Create(archive), CompressionLevel.Fastest);
        TarFile.CreateFromDirectory(folder, zipped, includeBaseDirectory: false);
    }

    private CommandRun Convert(string source, params string[] more) =>
        CommandRun.Of(["convert", source, .. more.Contains("--out") ? [] : new[] { "--out", _folder.File("out") }, .. more]);
}
