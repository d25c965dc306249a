using System.Text;
using Engine.Model.Data;
using Microsoft.Win32.SafeHandles;

namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>
/// Reads a TensorFlow checkpoint of the second format (V2, tensorflow/core/util/tensor_bundle): an index that names the tensors, and any number of
/// <c>.data</c> files that hold their bytes. Only the index is kept in memory; a tensor is read when it is asked for.
/// </summary>
/// <remarks>
/// Nothing is trusted: every block of the index and every tensor must have its checksum, and places and lengths must lie in the files, before memory is
/// asked for.
/// </remarks>
internal sealed class TensorBundle : ITensorSource
{
    // What is read at once and then checked, while it is in the processor's cache.
    private const int BytesPerPart = 1 << 18;

    // The keys of the parts of sliced tensors begin with a zero byte (tensorflow/core/util/saved_tensor_slice_util.cc).
    private const byte SliceKeyStart = 0;

    private readonly IReadOnlyDictionary<string, BundleEntry> entries;
    private readonly IReadOnlyList<SafeFileHandle> shards;

    private TensorBundle(string prefix, IReadOnlyDictionary<string, BundleEntry> entries, IReadOnlyList<SafeFileHandle> shards)
    {
        Path = prefix;
        this.entries = entries;
        this.shards = shards;
        Tensors = entries.ToDictionary(e => e.Key, e => e.Value.Tensor, StringComparer.Ordinal);
    }

    /// <summary>The prefix of the files.</summary>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    /// <summary>The files: the index, then the shards.</summary>
    public IEnumerable<string> Files =>
        [BundleFiles.Index(Path), .. Enumerable.Range(0, shards.Count).Select(shard => BundleFiles.Shard(Path, shard, shards.Count))];

    /// <summary>Opens a checkpoint and checks its index.</summary>
    /// <param name="path">Its prefix, or any of its files.</param>
    /// <exception cref="ModelException">A file is missing, cut short or altered, or the checkpoint is of a kind that is not read.</exception>
    public static TensorBundle Open(string path)
    {
        string prefix = BundleFiles.PrefixOf(path);
        string index = BundleFiles.Index(prefix);
        var table = SortedTable.Read(index, BundleFiles.ReadIndex(prefix));
        if (table.Count == 0 || table[0].Key.Length > 0)
            throw new ModelException($"{index}: has no header, expected one under the empty key; the file is damaged: get it again");
        var header = BundleHeader.Read(index, table[0].Value.ToArray());
        var entries = new Dictionary<string, BundleEntry>(table.Count, StringComparer.Ordinal);
        foreach (var (key, value) in table.Skip(1).Where(entry => entry.Key[0] != SliceKeyStart))
        {
            string name = Name(index, key);
            entries.Add(name, BundleEntry.Read(index, name, value.ToArray(), header.ShardCount));
        }

        var shards = new List<SafeFileHandle>();
        try
        {
            for (int shard = 0; shard < header.ShardCount; shard++)
                shards.Add(BundleFiles.OpenShard(prefix, shard, header.ShardCount));
            foreach (var entry in entries.Values.Where(entry => !entry.IsSliced))
                CheckPlace(prefix, entry, shards);
            return new TensorBundle(prefix, entries, shards);
        }
        catch
        {
            shards.ForEach(shard => shard.Dispose());
            throw;
        }
    }

    /// <inheritdoc/>
    public void Read(string name, Span<byte> target)
    {
        var entry = Find(name);
        if (entry.Tensor.Type == TensorType.String)
            throw new ModelException($"{Path}: tensor \"{name}\" has type STRING, expected numbers");
        ArgumentOutOfRangeException.ThrowIfNotEqual(target.Length, entry.Tensor.ByteCount);
        uint checksum = 0;
        long offset = entry.Tensor.Offset;
        for (var rest = target; rest.Length > 0;)
        {
            var part = rest[..Math.Min(BytesPerPart, rest.Length)];
            ReadShard(entry, offset, part);
            checksum = Crc32C.Append(checksum, part);
            offset += part.Length;
            rest = rest[part.Length..];
        }

        Check(entry, checksum);
    }

    /// <summary>Reads a tensor of strings.</summary>
    /// <param name="name">Its name.</param>
    /// <exception cref="ModelException">There is no such tensor, it holds no strings, or it is damaged.</exception>
    public IReadOnlyList<byte[]> ReadStrings(string name)
    {
        var entry = Find(name);
        if (entry.Tensor.Type != TensorType.String)
            throw new ModelException($"{Path}: tensor \"{name}\" has type {entry.Tensor.TypeName}, expected STRING");
        if (entry.Tensor.ByteCount > Array.MaxLength)
            throw new ModelException($"{Path}: tensor \"{name}\" has {entry.Tensor.ByteCount} bytes, expected at most {Array.MaxLength}");
        var bytes = new byte[entry.Tensor.ByteCount];
        ReadShard(entry, entry.Tensor.Offset, bytes);
        var strings = StringTensor.Split(ShardPath(entry), entry.Tensor, bytes, out uint checksum);
        Check(entry, checksum);
        return strings;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var shard in shards)
            shard.Dispose();
    }

    private static string Name(string index, byte[] key)
    {
        try
        {
            return StrictUtf8.Encoding.GetString(key);
        }
        catch (DecoderFallbackException exception)
        {
            throw new ModelException($"{index}: the name of a tensor is not valid UTF-8; the file is damaged: get it again", exception);
        }
    }

    private static void CheckPlace(string prefix, BundleEntry entry, IReadOnlyList<SafeFileHandle> shards)
    {
        long length = RandomAccess.GetLength(shards[entry.Shard]);
        long end = entry.Tensor.Offset + entry.Tensor.ByteCount;
        if (end > length)
        {
            throw new ModelException(
                $"{BundleFiles.Shard(prefix, entry.Shard, shards.Count)}: has {length} bytes, expected at least {end} for tensor \"{entry.Tensor.Name}\"; "
                + "the file is cut short: get it again");
        }
    }

    private BundleEntry Find(string name)
    {
        if (!entries.TryGetValue(name, out var entry))
            throw new ModelException($"{Path}: tensor \"{name}\" is missing; expected one of the checkpoint's {entries.Count} tensors");
        return !entry.IsSliced
            ? entry
            : throw new ModelException(
                $"{Path}: tensor \"{name}\" is stored in slices, as a partitioned variable is, which is not read; save the checkpoint again without partitions");
    }

    private string ShardPath(BundleEntry entry) => BundleFiles.Shard(Path, entry.Shard, shards.Count);

    private void ReadShard(BundleEntry entry, long offset, Span<byte> target) =>
        CheckedFile.ReadExactly(ShardPath(entry), shards[entry.Shard], offset, target);

    private void Check(BundleEntry entry, uint checksum)
    {
        uint masked = Crc32C.Mask(checksum);
        if (masked != entry.Checksum)
        {
            throw new ModelException(
                $"{ShardPath(entry)}: tensor \"{entry.Tensor.Name}\" has checksum {masked:x8}, expected {entry.Checksum:x8} by the index; "
                + "the file is damaged: get it again");
        }
    }
}
