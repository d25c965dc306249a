using System.Text;
using Engine.Shared;
using Xunit;
using static Engine.Shared.BundleWriter;
using static Engine.Shared.GraphMessages;

namespace Engine.Runner.Tests;

/// <summary>Checkpoints of TensorFlow that are damaged or of a kind that is not read, built here: one line, exit code 2, nothing touched on the disk.</summary>
public sealed class DamagedCheckpointTests : IDisposable
{
    private const string Again = "get it again";
    private const string GraphName = "_CHECKPOINTABLE_OBJECT_GRAPH";

    private readonly TestFolder _folder = new();

    private string Prefix => _folder.File("model.ckpt");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("big-endian", "its numbers are big-endian, expected little-endian; load and save the checkpoint with TensorFlow on a little-endian machine")]
    [InlineData("later", "asks for a reader of a later version than 1; save the checkpoint with TensorFlow 2")]
    [InlineData("no shards", "has 0 shards, expected 1 to 99999; the file is damaged: get it again")]
    [InlineData("no message", "the header is not a valid protocol buffer")]
    [InlineData("none", "has no header, expected one under the empty key; the file is damaged: get it again")]
    [InlineData("first format", "is a checkpoint of TensorFlow's first format (V1, one file without .index), which is not read; save it again")]
    public void Headers(string kind, string expected)
    {
        byte[]? header = kind switch
        {
            "big-endian" => Message(output => { Field(output, 1, 1); Field(output, 2, 1); }),
            "later" => Message(output => { Field(output, 1, 1); Field(output, 3, Message(version => Field(version, 2, 2))); }),
            "no shards" => [],
            "no message" => [0x08],
            "first format" => Message(output => Field(output, 1, Message(meta => Field(meta, 1, [])))),
            _ => null,
        };
        Write(writer => writer.Header = header);
        AssertRefused("model.ckpt.index", expected);
    }

    [Fact]
    public void A_file_of_the_first_format()
    {
        File.WriteAllBytes(Prefix, SortedTableWriter.Write([([], Message(output => Field(output, 1, Message(meta => Field(meta, 1, [])))))]));
        AssertRefused("model.ckpt: is a checkpoint of TensorFlow's first format (V1");
    }

    [Fact]
    public void Entries_that_contradict_themselves()
    {
        AssertEntryRefused("has 4 bytes, expected 8 for FLOAT [2]", Entry(1, [2], size: 4));
        AssertEntryRefused("has a dimension of -1, expected 0 to 2147483647", Entry(1, [-1], size: 4));
        AssertEntryRefused("expected one that fits into a file", Entry(1, [int.MaxValue, int.MaxValue, int.MaxValue, int.MaxValue], size: 4));
        AssertEntryRefused("has 300 dimensions, expected at most 254", Entry(1, [.. Enumerable.Repeat(1L, 300)], size: 4));
        AssertEntryRefused("lies in shard 1, expected one of 1", Entry(1, [1], size: 4, shard: 1));
        AssertEntryRefused("has 4 bytes at byte -4, expected numbers from 0", Entry(1, [1], size: 4, offset: -4));
        AssertEntryRefused("for tensor \"wrong\"; the file is cut short", Entry(1, [1], size: 4, offset: 1 << 20));
        AssertEntryRefused("the entry of tensor \"wrong\" is not a valid protocol buffer", [0x08]);
        byte[] header = Message(output => Field(output, 1, 1));
        File.WriteAllBytes(Prefix + ".index", SortedTableWriter.Write([([], header), ([0xFF], Entry(1, [1], size: 4))]));
        AssertRefused("model.ckpt.index: the name of a tensor is not valid UTF-8; the file is damaged: get it again");
    }

    [Fact]
    public void Files_that_are_missing_or_cut()
    {
        Write(_ => { });
        byte[] index = File.ReadAllBytes(Prefix + ".index");
        File.WriteAllBytes(Prefix + ".index", index[..^1]);
        AssertRefused("model.ckpt.index: does not end as the index of a TensorFlow checkpoint does, expected 48 bytes of footer", Again);
        byte[] changed = [.. index];
        changed[3] ^= 1;
        File.WriteAllBytes(Prefix + ".index", changed);
        AssertRefused("model.ckpt.index: the block at byte 0 has checksum", Again);
        File.WriteAllBytes(Prefix + ".index", index);
        File.Delete(Prefix + ".data-00000-of-00001");
        AssertRefused("model.ckpt.data-00000-of-00001: is missing, expected 1 .data files by", "the checkpoint is incomplete: get it again");
        File.WriteAllBytes(Prefix + ".data-00000-of-00001", []);
        File.Delete(Prefix + ".index");
        AssertRefused("model.ckpt.index: is missing, though its .data files are there; the checkpoint is incomplete: get it again");
        File.Delete(Prefix + ".data-00000-of-00001");
        AssertRefused("model.ckpt: no such file, folder or checkpoint");
    }

    [Theory]
    [InlineData("restarts", "a block has 3 bytes, too few for its count of restarts")]
    [InlineData("many restarts", "a block of 4 bytes has 255 restarts, which do not fit into it")]
    [InlineData("number", "a number does not end where it must")]
    [InlineData("entry", "an entry does not fit: 5 bytes of the key before, 1 of its own, a value of 0")]
    [InlineData("kind", "the block at byte 0 has compression 7, expected 0 (none) or 1 (Snappy)")]
    [InlineData("bomb", "a Snappy block of 7 bytes claims to hold 2147483647")]
    [InlineData("snappy", "a Snappy block cannot be read (")]
    [InlineData("order", "its keys are not in ascending order")]
    public void Blocks_of_an_index(string damage, string expected)
    {
        byte[] end = [0, 0, 0, 0, 1, 0, 0, 0];
        byte[] block = damage switch
        {
            "restarts" => [0, 0, 0, 0],
            "many restarts" => [255, 0, 0, 0, 0],
            "number" => [0x80, .. end, 0],
            "entry" => [5, 1, 0, (byte)'a', .. end, 0],
            "kind" => [.. end, 7],
            "bomb" => [.. SortedTableWriter.Number(int.MaxValue), 0, 1, 1],
            "snappy" => [4, 0xFF, 0xFF, 0xFF, 1],
            _ => [0, 1, 0, (byte)'b', 0, 1, 0, (byte)'a', .. end, 0],
        };
        File.WriteAllBytes(Prefix + ".index", DamagedTables.Of(block));
        AssertRefused("model.ckpt.index", expected, "the file is damaged or not the index of a TensorFlow checkpoint: get it again");
    }

    [Fact]
    public void More_entries_than_a_checkpoint_has()
    {
        File.WriteAllBytes(Prefix + ".index", SortedTableWriter.Write(Enumerable.Range(0, 100_001).Select(i => (Encoding.ASCII.GetBytes($"{i:000000}"), Array.Empty<byte>()))));
        AssertRefused("model.ckpt.index: it has more than 100000 entries or 16777216 bytes of keys", Again);
    }

    [Fact]
    public void A_block_outside_of_the_index()
    {
        Write(_ => { });
        byte[] index = File.ReadAllBytes(Prefix + ".index");
        index.AsSpan(index.Length - 48, 40).Fill(0x7F);
        File.WriteAllBytes(Prefix + ".index", index);
        AssertRefused("model.ckpt.index: a block at byte 127 of 127 bytes does not lie within the file's", Again);
    }

    [Theory]
    [InlineData("slices", "tensor \"bert/embeddings/word_embeddings\" is stored in slices, as a partitioned variable is, which is not read; save the checkpoint again without partitions")]
    [InlineData("data", "tensor \"bert/embeddings/word_embeddings\" has checksum", "by the index; the file is damaged: get it again")]
    public void Weights_that_cannot_be_read(string damage, params string[] expected)
    {
        SmallCheckpoint.Write(Prefix, sliced: damage == "slices" ? SmallCheckpoint.Words : null);
        if (damage == "data")
        {
            byte[] data = File.ReadAllBytes(Prefix + ".data-00000-of-00001");
            data[0] ^= 1;
            File.WriteAllBytes(Prefix + ".data-00000-of-00001", data);
        }
        // What was found is said before the weights are read.
        _folder.AssertUntouched(() => CommandRun.Of("convert", Prefix, "--out", _folder.File("deep/out")).AssertEndedByBadInput(expected));
    }

    [Fact]
    public void Graphs_of_objects()
    {
        const string Value = "/.ATTRIBUTES/VARIABLE_VALUE";
        WriteModel([Node([("a", 1)]), Node([], ("a", "a" + Value))], ModelFile([Saved([("a", 1)]), Variable("a", [2])]));
        AssertModelRefused("saved_model.pb: variable \"a\" is FLOAT [2], but tensor \"a/.ATTRIBUTES/VARIABLE_VALUE\" of", "is FLOAT [1]; the two do not belong together or one is damaged");
        WriteModel([Node([("a", 1)]), Node([], ("a", "a" + Value))], ModelFile([Saved([("f", 1)]), Asset(1)], "vocab.txt"));
        AssertModelRefused("saved_model.pb: names asset 1, expected one of 1 files; the file is damaged: get it again");
        WriteModel([Node([("a", 1)]), Node([], ("a", "a" + Value))], ModelFile([Saved([("a", 1)]), Saved([("b", 2)])]));
        AssertModelRefused("saved_model.pb: the object graph's edge \"b\" leads to no object, expected one of 2; the file is damaged: get it again");
        WriteModel([Node([("a", 1)]), Node([], ("a", "elsewhere" + Value))], ModelFile([Saved([])]));
        AssertModelRefused("tensor \"elsewhere/.ATTRIBUTES/VARIABLE_VALUE\" is missing, expected by the objects of the checkpoint; get it again");
        WriteModel([.. Enumerable.Range(1, 200).Select(i => Node([("deeper", i)])), Node([])], ModelFile([Saved([])]));
        AssertModelRefused("its objects are nested more than 100 deep, expected a model; the file is damaged: get it again");
        WriteModel([Node([("do_lower_case", 1)]), Node([], ("do_lower_case", "a" + Value))], ModelFile([Saved([])]));
        AssertModelRefused("tensor \"a/.ATTRIBUTES/VARIABLE_VALUE\" has shape [1], expected one truth value");
        WriteModel(writer =>
        {
            writer.AddStrings(GraphName, [], Graph(Node([("do_lower_case", 1)]), Node([], ("do_lower_case", "flag"))));
            writer.Add("flag", 7, [], [1]);
        });
        AssertModelRefused("tensor \"flag\" has type STRING, expected numbers");
    }

    [Fact]
    public void Graphs_that_are_no_message_or_twice()
    {
        WriteModel(writer => writer.AddStrings(GraphName, [2], [], []));
        AssertModelRefused($"tensor \"{GraphName}\" has 2 strings, expected one; get the checkpoint again");
        WriteModel(writer => writer.AddStrings(GraphName, [], [0x0A, 5]));
        AssertModelRefused($"tensor \"{GraphName}\" is not a valid protocol buffer", Again);
        WriteModel(writer => writer.Add(GraphName, 1, [1], new byte[4]));
        AssertModelRefused($"tensor \"{GraphName}\" has type FLOAT, expected STRING");
        WriteModel(writer => writer.Add(GraphName, 7, [], [5, .. BitConverter.GetBytes(SortedTableWriter.Checksum(5, 0, 0, 0)), 1, 2, 3]));
        AssertModelRefused($"tensor \"{GraphName}\" has a string of 5 bytes, expected at most the 3 that are left", Again);
        WriteModel(writer => writer.Add(GraphName, 7, [], [1, .. BitConverter.GetBytes(SortedTableWriter.Checksum(1, 0, 0, 0)), 1, 2, 3]));
        AssertModelRefused($"tensor \"{GraphName}\" has 2 bytes after its strings, expected none", Again);
        WriteModel(writer => writer.Add(GraphName, 7, [1000], [1, 2]));
        AssertModelRefused($"tensor \"{GraphName}\" has 2 bytes, too few for 1000 strings", Again);
        WriteModel(writer => writer.Add(GraphName, 7, [], [3]));
        AssertModelRefused($"tensor \"{GraphName}\" ends before the checksum of its lengths", Again);
        WriteModel(writer => writer.Add(GraphName, 7, [], [3, 0, 0, 0, 0, 1, 2, 3]));
        AssertModelRefused($"tensor \"{GraphName}\" has lengths with checksum", Again);
    }

    [Fact]
    public void Saved_models()
    {
        string folder = _folder.Copy(Fixture("hub-v4"), "hub"), path = Path.Combine(folder, "saved_model.pb");
        foreach ((byte[] content, string expected) in new (byte[], string)[]
        {
            ([], "holds no model, expected a SavedModel's meta graph; the file is cut short or of another kind: get it again"),
            ([0x12, 0x05, 1], "is not a valid protocol buffer"), (Message(output => Field(output, 2, 7)), "is not a valid protocol buffer (field 2 is Varint, expected "),
            (ModelFile([Saved([])], "../vocab.txt"), "its asset \"../vocab.txt\" is not the name of a file under assets/"),
            (Message(output => { for (int i = 0; i < 101; i++) Field(output, 2, []); }), "it has more than 100 meta graphs"),
            (Message(output => Field(output, 2, Message(meta => Field(meta, 7, [.. Enumerable.Repeat((byte[])[0x0A, 0], 300_001).SelectMany(b => b)])))), "it has more than 300000 objects"),
        })
        {
            File.WriteAllBytes(path, content);
            _folder.AssertUntouched(() => Convert(folder).AssertBadInput($"{path}: ", expected));
        }
        File.WriteAllBytes(path, File.ReadAllBytes(Path.Combine(Fixture("hub-v4"), "saved_model.pb")));
        string metadata = Path.Combine(folder, "keras_metadata.pb");
        File.WriteAllBytes(metadata, File.ReadAllBytes(metadata)[..^1]);
        _folder.AssertUntouched(() => Convert(folder).AssertBadInput($"{metadata}: it is not a valid protocol buffer", Again));
        File.Delete(path);
        _folder.AssertUntouched(() => Convert(folder).AssertBadInput($"{path}: is missing, though", "a part of the model was deleted: get it again"));
    }

    private static string Fixture(string name) => Path.Combine(Repository.Root, "tests", "fixtures", "checkpoints", name);

    private void Write(Action<BundleWriter> more)
    {
        using BundleWriter writer = new(Prefix);
        writer.Add("a", [2], [1f, 2f]);
        more(writer);
        writer.Finish();
    }

    /// <summary>A SavedModel whose checkpoint has these objects, and a tensor of one number under "a".</summary>
    private void WriteModel(byte[][] nodes, byte[] model)
    {
        WriteModel(writer => writer.AddStrings(GraphName, [], Graph(nodes)));
        _folder.Write("saved/saved_model.pb", model);
    }

    private void WriteModel(Action<BundleWriter> graph)
    {
        Directory.CreateDirectory(_folder.File("saved/variables"));
        using (BundleWriter writer = new(_folder.File("saved/variables/variables")))
        {
            graph(writer);
            writer.Add("a/.ATTRIBUTES/VARIABLE_VALUE", [1], [1f]);
            writer.Finish();
        }
        _folder.Write("saved/saved_model.pb", ModelFile([Saved([])]));
    }

    private CommandRun Convert(string source) => CommandRun.Of("convert", source, "--out", _folder.File("deep/out"));

    private void AssertRefused(params string[] expected) => _folder.AssertUntouched(() => Convert(Prefix).AssertBadInput(expected));

    private void AssertModelRefused(params string[] expected) => _folder.AssertUntouched(() => Convert(_folder.File("saved")).AssertBadInput(expected));

    private void AssertEntryRefused(string expected, byte[] entry)
    {
        Write(writer => writer.AddEntry("wrong", entry));
        AssertRefused("\"wrong\"", expected, Again);
    }
}
