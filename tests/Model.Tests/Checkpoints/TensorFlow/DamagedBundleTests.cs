using System.Text;
using Engine.Model.Checkpoints;
using Engine.Model.Checkpoints.TensorFlow;
using Engine.Model.Tests.Data;
using Engine.Shared;
using IronSnappy;
using Xunit;
using static Engine.Shared.BundleWriter;

namespace Engine.Model.Tests.Checkpoints.TensorFlow;

public sealed class DamagedBundleTests : IDisposable
{
    private const string Data = ".data-00000-of-00001";

    private readonly TemporaryFolder folder = new();

    private string Prefix => folder.File("model.ckpt");

    [Fact]
    public void A_changed_byte_anywhere_gives_the_same_tensors_or_an_error()
    {
        foreach (bool isCompressed in (bool[])[false, true])
        {
            Write(isCompressed: isCompressed);
            var expected = ReadAll();
            var random = new Random(11);
            foreach (string suffix in (string[])[".index", Data])
            {
                var whole = File.ReadAllBytes(Prefix + suffix);
                for (int i = 0; i < whole.Length; i++)
                {
                    var changed = (byte[])whole.Clone();
                    changed[i] ^= (byte)(1 << random.Next(8));
                    File.WriteAllBytes(Prefix + suffix, changed);
                    AssertSameOrRefused(expected);
                }

                File.WriteAllBytes(Prefix + suffix, whole);
            }
        }
    }

    [Fact]
    public void Files_cut_anywhere_are_refused()
    {
        Write();
        foreach (string suffix in (string[])[".index", Data])
        {
            var whole = File.ReadAllBytes(Prefix + suffix);
            for (int length = 0; length < whole.Length; length++)
            {
                File.WriteAllBytes(Prefix + suffix, whole[..length]);
                AssertRefused("", suffix == Data ? "is cut short" : "get it again");
            }

            File.WriteAllBytes(Prefix + suffix, whole);
        }
    }

    [Fact]
    public void What_is_missing_is_named()
    {
        AssertRefused(".index", "expected a TensorFlow checkpoint");
        using (var writer = new BundleWriter(Prefix, 3))
        {
            writer.Add("a", [1], [1f], 2);
            writer.Finish();
        }

        File.Delete(Prefix + ".data-00001-of-00003");
        AssertRefused(".data-00001-of-00003", "is missing, expected 3 .data files");
        File.Delete(Prefix + ".index");
        AssertRefused(".index", "is missing, though its .data files are there");
    }

    [Theory]
    [InlineData(".index")]
    [InlineData(Data)]
    public void A_large_file_pointer_is_named_as_such(string suffix)
    {
        Write();
        File.WriteAllText(Prefix + suffix, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
        AssertRefused(suffix, "Git LFS pointer");
    }

    [Fact]
    public void Checkpoints_of_the_first_format_are_named_as_such()
    {
        // A table without an index file; and that table as an index: its empty key holds a SavedTensorSlices message.
        byte[] header = Message(output => Field(output, 1, Message(meta => Field(meta, 1, []))));
        var table = SortedTableWriter.Write([([], header)]);
        File.WriteAllBytes(Prefix, table);
        AssertRefused("", "first format (V1");
        File.WriteAllBytes(Prefix + ".index", table);
        AssertRefused(".index", "first format (V1");
    }

    [Fact]
    public void Headers_of_other_kinds_are_refused()
    {
        AssertHeaderRefused(Message(output => { Field(output, 1, 1); Field(output, 2, 1); }), "big-endian");
        AssertHeaderRefused(Message(output => { Field(output, 1, 1); Field(output, 3, Message(version => Field(version, 2, 2))); }), "later version");
        AssertHeaderRefused(Message(output => { Field(output, 1, 1); Field(output, 3, Message(version => Field(version, 3, [1]))); }), "later version");
        AssertHeaderRefused([], "has 0 shards");
        AssertHeaderRefused(Message(output => Field(output, 1, 1L << 40)), "shards, expected 1 to 99999");
        AssertHeaderRefused([0x08], "not a valid protocol buffer");
        AssertHeaderRefused(null, "has no header");
    }

    [Fact]
    public void Entries_that_contradict_themselves_are_refused()
    {
        AssertEntryRefused("has 4 bytes, expected 8 for FLOAT [2]", Entry(1, [2], size: 4));
        AssertEntryRefused("a dimension of -1", Entry(1, [-1], size: 4));
        AssertEntryRefused("fits into a file", Entry(1, [int.MaxValue, int.MaxValue, int.MaxValue, int.MaxValue], size: 4));
        AssertEntryRefused("dimensions, expected at most 254", Entry(1, [.. Enumerable.Repeat(1L, 300)], size: 4));
        AssertEntryRefused("lies in shard 1, expected one of 1", Entry(1, [1], size: 4, shard: 1));
        AssertEntryRefused("numbers from 0", Entry(1, [1], size: 4, offset: -4));
        AssertEntryRefused("is cut short", Entry(1, [1], size: 4, offset: 1 << 20));
        AssertEntryRefused("is cut short", Entry(1, [1 << 30], size: 4L << 30));
        AssertEntryRefused("numbers from 0", Entry(1, [1], size: 4, offset: long.MaxValue));
    }

    [Fact]
    public void A_sliced_tensor_is_listed_and_refused_when_it_is_read()
    {
        Write(writer =>
        {
            writer.AddEntry("parted", Message(output => { Field(output, 1, 1); Field(output, 2, Message(shape => Field(shape, 2, [0x08, 2]))); Field(output, 7, []); }));
            writer.AddEntry("\0parted\0\u0001\u0001", Entry(1, [1], size: 4));
        });
        using var bundle = TensorBundle.Open(Prefix);
        Assert.Equal(["a", "b", "parted", "text"], bundle.Tensors.Keys.Order());
        var exception = Assert.Throws<ModelException>(() => bundle.Read("parted", new byte[8]));
        Assert.Contains("stored in slices", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Strings_whose_lengths_do_not_fit_are_refused()
    {
        // The checksum of the lengths is right; their sum is not.
        byte[] lengths = [5];
        byte[] content = [.. lengths, .. BitConverter.GetBytes(SortedTableWriter.Checksum(5, 0, 0, 0)), 1, 2, 3];
        Write(writer => writer.Add("broken", 7, [], content));
        AssertStringsRefused("has a string of 5 bytes");
        Write(writer => writer.Add("broken", 7, [1000], [1, 2]));
        AssertStringsRefused("too few for 1000 strings");
        Write(writer => writer.Add("broken", 7, [], [3, 0, 0, 0, 0, 1, 2, 3]));
        AssertStringsRefused("has lengths with checksum");
    }

    [Fact]
    public void A_block_that_claims_to_unpack_to_more_than_it_can_is_refused_before_memory_is_taken()
    {
        byte[] bomb = [.. SortedTableWriter.Number(int.MaxValue), 0, 1];
        long before = GC.GetAllocatedBytesForCurrentThread();
        File.WriteAllBytes(Prefix + ".index", DamagedTables.Of([.. bomb, 1]));
        AssertRefused(".index", "claims to hold 2147483647");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void Keys_that_grow_on_one_another_are_bounded()
    {
        // Each key is the one before and a byte more: 20,000 entries of 4 bytes would be 200 MB of keys.
        using var block = new MemoryStream();
        for (int i = 0; i < 20_000; i++)
            block.Write([.. SortedTableWriter.Number((ulong)i), 1, 0, (byte)'a']);
        block.Write([0, 0, 0, 0, 1, 0, 0, 0]);
        File.WriteAllBytes(Prefix + ".index", DamagedTables.Of([.. Snappy.Encode(block.ToArray()), 1]));
        long before = GC.GetAllocatedBytesForCurrentThread();
        AssertRefused(".index", "an entry does not fit");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
    }

    [Fact]
    public void A_tensor_that_is_missing_or_of_another_type_is_an_error()
    {
        Write();
        using var bundle = TensorBundle.Open(Prefix);
        Assert.Contains("is missing", Assert.Throws<ModelException>(() => bundle.Read("c", [])).Message, StringComparison.Ordinal);
        Assert.Contains("expected numbers", Assert.Throws<ModelException>(() => bundle.Read("text", [])).Message, StringComparison.Ordinal);
        Assert.Contains("expected STRING", Assert.Throws<ModelException>(() => bundle.ReadStrings("a")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x/model.ckpt", "x/model.ckpt")]
    [InlineData("x/model.ckpt.index", "x/model.ckpt")]
    [InlineData("x/model.ckpt.meta", "x/model.ckpt")]
    [InlineData("x/model.ckpt.data-00003-of-00010", "x/model.ckpt")]
    [InlineData("x/variables.data-0000-of-00010", "x/variables.data-0000-of-00010")]
    public void Any_file_leads_to_its_prefix(string path, string prefix) => Assert.Equal(prefix, BundleFiles.PrefixOf(path));

    public void Dispose() => folder.Dispose();

    private void Write(Action<BundleWriter>? more = null, bool isCompressed = false)
    {
        using var writer = new BundleWriter(Prefix);
        writer.Add("a", [2, 3], [1f, 2f, 3f, 4f, 5f, 6f]);
        writer.Add("b", 9, [], BitConverter.GetBytes(7L));
        writer.AddStrings("text", [2], Encoding.UTF8.GetBytes("some text"), []);
        more?.Invoke(writer);
        writer.Finish(isCompressed, blockBytes: 60);
    }

    private Dictionary<string, byte[]> ReadAll()
    {
        using var bundle = TensorBundle.Open(Prefix);
        return bundle.Tensors.Values.ToDictionary(tensor => tensor.Name + tensor.TypeName + tensor.ShapeText, tensor =>
        {
            if (tensor.Type == TensorType.String)
                return [.. bundle.ReadStrings(tensor.Name).SelectMany(s => s.Append((byte)0))];
            var bytes = new byte[tensor.ByteCount];
            bundle.Read(tensor.Name, bytes);
            return bytes;
        });
    }

    private void AssertSameOrRefused(Dictionary<string, byte[]> expected)
    {
        Dictionary<string, byte[]> read;
        try
        {
            read = ReadAll();
        }
        catch (ModelException exception)
        {
            AssertOneLine(exception, "");
            return;
        }

        Assert.Equal(expected.Keys.Order(), read.Keys.Order());
        Assert.All(expected, tensor => Assert.Equal(tensor.Value, read[tensor.Key]));
    }

    private void AssertHeaderRefused(byte[]? header, string expected)
    {
        Write(writer => writer.Header = header);
        AssertRefused(".index", expected);
    }

    private void AssertEntryRefused(string expected, byte[] entry)
    {
        Write(writer => writer.AddEntry("wrong", entry));
        AssertRefused("", expected);
        AssertRefused("", "\"wrong\"");
    }

    private void AssertStringsRefused(string expected)
    {
        using var bundle = TensorBundle.Open(Prefix);
        AssertOneLine(Assert.Throws<ModelException>(() => bundle.ReadStrings("broken")), Data, expected);
    }

    private void AssertRefused(string file, string expected) => AssertOneLine(Assert.Throws<ModelException>(ReadAll), file, expected);

    private void AssertOneLine(ModelException exception, string file, string expected = "")
    {
        Assert.StartsWith(Prefix + file, exception.Message, StringComparison.Ordinal);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(exception.Message, char.IsControl);
    }
}
