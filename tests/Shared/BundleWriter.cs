using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Google.Protobuf;

namespace Engine.Shared;

/// <summary>Writes a TensorFlow checkpoint (V2): what tests and measurements read where no file of TensorFlow's own has the size or the form.</summary>
internal sealed class BundleWriter : IDisposable
{
    private readonly string prefix;
    private readonly FileStream[] shards;
    private readonly SortedDictionary<string, byte[]> entries = new(StringComparer.Ordinal);

    /// <summary>Begins a checkpoint.</summary>
    /// <param name="prefix">The path that its files' names begin with.</param>
    /// <param name="shardCount">The number of <c>.data</c> files.</param>
    public BundleWriter(string prefix, int shardCount = 1)
    {
        this.prefix = prefix;
        shards = [.. Enumerable.Range(0, shardCount).Select(shard =>
            File.Create(string.Create(CultureInfo.InvariantCulture, $"{prefix}.data-{shard:00000}-of-{shardCount:00000}")))];
        Header = Message(output => Field(output, 1, shardCount));
    }

    /// <summary>The value of the empty key; <c>null</c> leaves it out.</summary>
    public byte[]? Header { get; set; }

    /// <summary>Adds a tensor of single-precision numbers.</summary>
    public void Add(string name, int[] shape, ReadOnlySpan<float> values, int shard = 0) =>
        Add(name, 1, shape, MemoryMarshal.AsBytes(values), shard);

    /// <summary>Adds a tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">TensorFlow's number of its type.</param>
    /// <param name="shape">Its dimensions.</param>
    /// <param name="bytes">Its elements, little-endian.</param>
    /// <param name="shard">The file that takes them.</param>
    public void Add(string name, int type, int[] shape, ReadOnlySpan<byte> bytes, int shard = 0) =>
        Add(name, type, shape, bytes, SortedTableWriter.Checksum(bytes), shard);

    /// <summary>Adds a tensor of strings.</summary>
    public void AddStrings(string name, int[] shape, params byte[][] strings)
    {
        byte[] lengths = [.. strings.SelectMany(s => SortedTableWriter.Number((ulong)s.Length))];
        byte[] fixedWidth = [.. strings.SelectMany(s => BitConverter.GetBytes((uint)s.Length))];
        byte[] rest = [.. BitConverter.GetBytes(SortedTableWriter.Checksum(fixedWidth)), .. strings.SelectMany(s => s)];
        Add(name, 7, shape, [.. lengths, .. rest], SortedTableWriter.Checksum([.. fixedWidth, .. rest]), 0);
    }

    /// <summary>Puts a value under a key as it is.</summary>
    public void AddEntry(string key, byte[] value) => entries[key] = value;

    /// <summary>Writes the index and closes the files.</summary>
    public void Finish(bool isCompressed = false, int blockBytes = 1 << 18)
    {
        var all = entries.Select(entry => (Encoding.UTF8.GetBytes(entry.Key), entry.Value)).OrderBy(entry => entry.Item1, Bytewise.Order);
        File.WriteAllBytes(
            prefix + ".index", SortedTableWriter.Write(Header is null ? all : all.Prepend(([], Header)), isCompressed, blockBytes));
        Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var shard in shards)
            shard.Dispose();
    }

    /// <summary>A protocol buffer message.</summary>
    public static byte[] Message(Action<CodedOutputStream> write)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true))
            write(output);
        return bytes.ToArray();
    }

    /// <summary>What the index says of a tensor.</summary>
    /// <param name="type">TensorFlow's number of its type.</param>
    /// <param name="shape">Its dimensions.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="offset">Where they begin.</param>
    /// <param name="shard">The file that has them.</param>
    /// <param name="checksum">Their checksum, masked; none where it is <c>null</c>.</param>
    public static byte[] Entry(long type, IEnumerable<long> shape, long size, long offset = 0, long shard = 0, uint? checksum = null) => Message(output =>
    {
        Field(output, 1, type);
        Field(output, 2, Message(dimensions =>
        {
            foreach (long dimension in shape)
                Field(dimensions, 2, Message(d => Field(d, 1, dimension)));
        }));
        Field(output, 3, shard);
        Field(output, 4, offset);
        Field(output, 5, size);
        if (checksum is not { } value)
            return;
        output.WriteTag(6, WireFormat.WireType.Fixed32);
        output.WriteFixed32(value);
    });

    /// <summary>Writes an integer unless it is 0, as proto3 does.</summary>
    public static void Field(CodedOutputStream output, int number, long value)
    {
        if (value == 0)
            return;
        output.WriteTag(number, WireFormat.WireType.Varint);
        output.WriteInt64(value);
    }

    /// <summary>Writes a nested message, a string or bytes.</summary>
    public static void Field(CodedOutputStream output, int number, byte[] value)
    {
        output.WriteTag(number, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(value));
    }

    private void Add(string name, int type, int[] shape, ReadOnlySpan<byte> bytes, uint checksum, int shard)
    {
        long offset = shards[shard].Position;
        shards[shard].Write(bytes);
        entries.Add(name, Entry(type, shape.Select(size => (long)size), bytes.Length, offset, shard, checksum));
    }

    /// <summary>The order of keys in a table.</summary>
    private sealed class Bytewise : IComparer<byte[]>
    {
        public static readonly Bytewise Order = new();

        public int Compare(byte[]? left, byte[]? right) => left.AsSpan().SequenceCompareTo(right);
    }
}
