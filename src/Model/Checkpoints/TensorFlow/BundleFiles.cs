using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>The files of a bundle (tensorflow/core/util/tensor_bundle/naming.cc): <c>PREFIX.index</c> and <c>PREFIX.data-00000-of-00001</c>.</summary>
internal static class BundleFiles
{
    private const string IndexSuffix = ".index";
    private const int MaxIndexBytes = 64 << 20; // the index of BERT-Large has 20 KB

    /// <summary>The prefix that a file of a bundle belongs to; the path itself where it is none.</summary>
    public static string PrefixOf(string path)
    {
        string name = Path.GetFileName(path);
        int end = name.EndsWith(IndexSuffix, StringComparison.Ordinal) ? name.Length - IndexSuffix.Length
            : name.EndsWith(".meta", StringComparison.Ordinal) ? name.Length - ".meta".Length
            : IsShard(name) ? name.LastIndexOf(".data-", StringComparison.Ordinal)
            : name.Length;
        return path[..(path.Length - name.Length + end)];
    }

    /// <summary>Whether a file's name is that of a shard.</summary>
    public static bool IsShard(string name)
    {
        int at = name.LastIndexOf(".data-", StringComparison.Ordinal);
        return at >= 0 && name[at..] is { Length: 20 } end && end.AsSpan(11, 4).SequenceEqual("-of-")
            && !end.AsSpan(6, 5).ContainsAnyExceptInRange('0', '9') && !end.AsSpan(15, 5).ContainsAnyExceptInRange('0', '9');
    }

    /// <summary>The path of a prefix's index.</summary>
    public static string Index(string prefix) => prefix + IndexSuffix;

    /// <summary>The path of a shard.</summary>
    public static string Shard(string prefix, int shard, int count) =>
        string.Create(CultureInfo.InvariantCulture, $"{prefix}.data-{shard:00000}-of-{count:00000}");

    /// <summary>Reads the whole index.</summary>
    /// <exception cref="ModelException">It is missing, too large, or something else stands in its place.</exception>
    public static byte[] ReadIndex(string prefix)
    {
        string path = Index(prefix);
        return File.Exists(path) ? CheckedFile.ReadWhole(path, MaxIndexBytes) : throw new ModelException(Missing(prefix, path));
    }

    /// <summary>Opens a shard.</summary>
    /// <exception cref="ModelException">It is missing, or something else stands in its place.</exception>
    public static SafeFileHandle OpenShard(string prefix, int shard, int count)
    {
        string path = Shard(prefix, shard, count);
        return File.Exists(path)
            ? CheckedFile.Open(path)
            : throw new ModelException(
                $"{path}: is missing, expected {count} .data files by {Index(prefix)}; the checkpoint is incomplete: get it again");
    }

    private static string Missing(string prefix, string path)
    {
        if (File.Exists(prefix) && IsOldFormat(prefix))
            return BundleHeader.OldFormat(prefix);
        string folder = Path.GetDirectoryName(prefix) is { Length: > 0 } parent ? parent : ".";
        string name = Path.GetFileName(prefix);
        bool hasData = Directory.Exists(folder) && Directory.EnumerateFiles(folder, name + ".data-*").Any();
        return hasData
            ? $"{path}: is missing, though its .data files are there; the checkpoint is incomplete: get it again"
            : $"{path}: is missing; expected a TensorFlow checkpoint, PREFIX.index and PREFIX.data-00000-of-00001: give its prefix or one of its files";
    }

    private static bool IsOldFormat(string path)
    {
        using var handle = CheckedFile.Open(path);
        long length = RandomAccess.GetLength(handle);
        var end = new byte[Math.Min(64, length)];
        CheckedFile.ReadExactly(path, handle, length - end.Length, end);
        return SortedTable.IsTable(end);
    }
}
