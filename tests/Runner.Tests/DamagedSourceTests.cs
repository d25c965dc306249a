using System.Buffers.Binary;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace Engine.Runner.Tests;

/// <summary>Damaged checkpoints, archives and records, built here: one line, exit code 2, nothing touched on the disk.</summary>
public sealed class DamagedSourceTests : IDisposable
{
    private const string Segments = "embeddings.token_type_embeddings.weight";
    private const string Positions = "embeddings.position_embeddings.weight";

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string[]> Tensors => new()
    {
        { "type", ["type I32, expected 32-bit or 16-bit floats"] },
        { "width", ["word embeddings are 32 wide and other embeddings 16"] },
        { "rank", [Segments, "shape [64], expected two dimensions"] },
        { "absent", ["nothing that becomes " + Positions + " was found"] },
        { "overlap", ["overlaps", "expected"] },
        { "gap", ["leaves a gap after"] },
    };

    [Theory]
    [MemberData(nameof(Tensors))]
    public void Tensors_of_a_checkpoint(string damage, string[] expected)
    {
        string folder = _folder.CopyModel();
        Safetensors.EditHeader(Path.Combine(folder, "model.safetensors"), header =>
        {
            string Key(string name) => header.Select(entry => entry.Key).Single(key => key.EndsWith(name, StringComparison.Ordinal));
            JsonNode segments = header[Key(Segments)]!, positions = header[Key(Positions)]!;
            switch (damage)
            {
                case "type":
                    positions["dtype"] = "I32";
                    break;
                case "width":
                    segments["shape"] = new JsonArray(4, 16);
                    break;
                case "rank":
                    segments["shape"] = new JsonArray(64);
                    break;
                case "absent":
                    string key = Key(Positions);
                    header.Remove(key);
                    header["of.no.model"] = positions;
                    break;
                case "overlap":
                    long start = positions["data_offsets"]![0]!.GetValue<long>();
                    segments["data_offsets"] = new JsonArray(start, start + 256);
                    break;
                default:
                    header.Remove(Key(Segments));
                    break;
            }
        });
        AssertRefused(folder, expected);
    }

    [Fact]
    public void Weights_that_do_not_fit_the_type_or_are_no_numbers()
    {
        string folder = _folder.CopyModel(), path = Path.Combine(folder, "model.safetensors");
        byte[] weights = File.ReadAllBytes(path);
        (int start, _) = Safetensors.PlaceOf(path, "bert.embeddings.LayerNorm.weight");
        BinaryPrimitives.WriteSingleLittleEndian(weights.AsSpan(start), 1e6f);
        File.WriteAllBytes(path, weights);
        _folder.AssertUntouched(() => Convert(folder, "--dtype", "float16")
            .AssertEndedByBadInput("tensor \"bert.embeddings.LayerNorm.weight\" holds 1000000, expected a value that fits into F16; write F32 instead"));
        BinaryPrimitives.WriteSingleLittleEndian(weights.AsSpan(start), float.NaN);
        File.WriteAllBytes(path, weights);
        _folder.AssertUntouched(() => Convert(folder, "--verify").AssertEndedByBadInput("the result does not compute what the source does", "nothing was written"));
    }

    [Theory]
    [InlineData("{", "cannot be read as JSON")]
    [InlineData("{}", "has no weight_map")]
    [InlineData("{\"weight_map\": {\"a\": 1}}", "weight_map has \"a\" twice or without a file's name")]
    [InlineData("{\"weight_map\": {\"a\": \"b\", \"a\": \"b\"}}", "weight_map has \"a\" twice or without a file's name")]
    public void Index_of_shards(string index, string expected)
    {
        string folder = _folder.CopyModel();
        File.Delete(Path.Combine(folder, "model.safetensors"));
        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), index);
        AssertRefused(folder, "model.safetensors.index.json", expected);
    }

    [Fact]
    public void Folders_and_options()
    {
        string folder = _folder.CopyModel();
        _folder.AssertUntouched(() => Convert(folder, "--heads", "8").AssertBadInput("--heads 8", "config.json says 4"));
        File.Delete(Path.Combine(folder, "vocab.txt"));
        AssertRefused(folder, "has no vocab.txt", "--vocab FILE");
        File.Delete(Path.Combine(folder, "model.safetensors"));
        File.WriteAllText(Path.Combine(folder, "weights.h5"), "x");
        AssertRefused(folder, "weights.h5: is Keras's HDF5");
        string hub = _folder.File("hub");
        string archive = _folder.File("hub.zip");
        ZipFile.CreateFromDirectory(Path.Combine(Repository.Root, "tests", "fixtures", "checkpoints", "hub-tf1"), archive);
        ZipFile.ExtractToDirectory(archive, hub);
        _folder.Write("hub/tfhub_module.pb", [0x08, 0x02]);
        AssertRefused(hub, "tfhub_module.pb: the module has format 2, expected 3");
    }

    [Theory]
    [InlineData("link", "entry \"saved_model.pb\" is a link, expected files and folders only")]
    [InlineData("device", "entry \"saved_model.pb\" is a device, expected files and folders only")]
    [InlineData("twice", "holds \"saved_model.pb\" twice")]
    [InlineData("name", "damaged or cut short")]
    [InlineData("length", "damaged or cut short")]
    public void Tar_archives(string damage, string expected)
    {
        string archive = _folder.File("model.tar");
        using (TarWriter writer = new(File.Create(archive), TarEntryFormat.Ustar))
        {
            TarEntryType type = damage switch { "link" => TarEntryType.SymbolicLink, "device" => TarEntryType.CharacterDevice, _ => TarEntryType.RegularFile };
            for (int i = 0; i < (damage == "twice" ? 2 : 1); i++)
            {
                UstarTarEntry entry = new(type, "saved_model.pb");
                if (type == TarEntryType.SymbolicLink)
                    entry.LinkName = "/etc/hostname";
                if (type == TarEntryType.RegularFile)
                    entry.DataStream = new MemoryStream([0x08, 0x01]);
                writer.WriteEntry(entry);
            }
        }
        byte[] bytes = File.ReadAllBytes(archive);
        if (damage == "name")
            bytes[0] = 0xFF;
        if (damage == "length")
            bytes[124] = (byte)'x';
        // The header's checksum is right, so that the damage itself is what is found.
        bytes.AsSpan(148, 8).Fill((byte)' ');
        int sum = bytes.AsSpan(0, 512).ToArray().Sum(value => value);
        Encoding.ASCII.GetBytes(System.Convert.ToString(sum, 8).PadLeft(6, '0') + "\0 ").CopyTo(bytes, 148);
        File.WriteAllBytes(archive, bytes);
        AssertRefused(archive, "model.tar", expected);
    }

    [Theory]
    [InlineData("password", "is encrypted, expected deflate and no password")]
    [InlineData("method", "is compressed by method 12, expected deflate and no password")]
    public void Zip_archives(string damage, string expected)
    {
        string archive = _folder.File("model.zip");
        using (ZipArchive zip = ZipFile.Open(archive, ZipArchiveMode.Create))
        using (Stream stream = zip.CreateEntry("saved_model.pb").Open())
            stream.Write([0x08, 0x01]);
        byte[] bytes = File.ReadAllBytes(archive);
        int central = bytes.AsSpan().IndexOf("PK\x01\x02"u8);
        foreach (int flags in new[] { 6, central + 8 })
        {
            if (damage == "password")
                bytes[flags] |= 1;
            else
                bytes[flags + 2] = 12;
        }
        File.WriteAllBytes(archive, bytes);
        AssertRefused(archive, "model.zip: entry \"saved_model.pb\"", expected);
    }

    [Theory]
    [InlineData("{", "cannot be read as JSON")]
    [InlineData("[]", "is not a JSON object")]
    [InlineData("{}", "has no files")]
    [InlineData("{\"files\": [{}]}", "has no name")]
    [InlineData("{\"files\": [{\"name\": \"../vocab.txt\"}]}", "describes file \"../vocab.txt\" in no known way")]
    [InlineData("{\"files\": [{\"name\": \"vocab.txt\", \"bytes\": 1}]}", "has no xxh128")]
    [InlineData("{\"files\": [{\"name\": \"vocab.txt\", \"bytes\": 1, \"xxh128\": \"0\"}]}", "has no kind")]
    public void Record_of_a_conversion(string record, string expected)
    {
        string folder = _folder.CopyModel();
        File.WriteAllText(Path.Combine(folder, "conversion.json"), record);
        _folder.AssertUntouched(() =>
        {
            CommandRun.Of("info", "--check", folder).AssertBadInput("conversion.json", expected);
            CommandRun.Of("info", folder).AssertBadInput("conversion.json", expected);
        });
    }

    [Theory]
    [InlineData("tokenize", "array.jsonl", "[1]\n", "array.jsonl, line 1: no JSON object with \"text\"")]
    [InlineData("embed", "array.jsonl", "[1]\n", "array.jsonl, line 1: a JSON array, and an object was expected")]
    [InlineData("embed", "blank.txt", "\n\n", "blank.txt is empty; a line of column names and at least one row were expected")]
    [InlineData("fill-mask", "blank.txt", "\n\n", "blank.txt is empty; a text on each line was expected")]
    public void Files_of_texts(string command, string name, string content, string expected)
    {
        string file = _folder.Write(name, content);
        _folder.AssertUntouched(() => CommandRun.Of(command, "--model", Repository.SmallModel, "--input", file, "--out", _folder.File("out")).AssertBadInput(expected));
    }

    private CommandRun Convert(string source, params string[] more) => CommandRun.Of(["convert", source, "--out", _folder.File("out"), .. more]);

    private void AssertRefused(string source, params string[] expected) => _folder.AssertUntouched(() => Convert(source).AssertBadInput(expected));
}
