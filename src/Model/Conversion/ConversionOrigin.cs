using System.Text.Json.Nodes;

namespace Engine.Model.Conversion;

/// <summary>What the <c>conversion.json</c> of a folder says of its origin.</summary>
public sealed class ConversionOrigin
{
    private const string Expected = "expected the record of a conversion; convert the checkpoint again";

    private readonly string folder;
    private readonly IReadOnlyList<HashedFile> files;

    private ConversionOrigin(string folder, string kind, string source, IReadOnlyList<HashedFile> files)
    {
        this.folder = folder;
        Kind = kind;
        Source = source;
        this.files = files;
    }

    /// <summary>What the source was: "TF1 checkpoint".</summary>
    public string Kind { get; }

    /// <summary>Where the source was.</summary>
    public string Source { get; }

    /// <summary>The bytes of the files that were written.</summary>
    public long ByteCount => files.Sum(file => file.Bytes);

    /// <summary>Reads a folder's record.</summary>
    /// <param name="folder">A model folder.</param>
    /// <returns>Null where it has none.</returns>
    /// <exception cref="ModelException">The record is damaged.</exception>
    public static ConversionOrigin? Read(string folder)
    {
        string path = Path.Combine(folder, ConversionRecord.FileName);
        if (!File.Exists(path))
            return null;
        var json = JsonText.ReadObject(path, "the record of a conversion");
        string Text(JsonNode? node, string name) =>
            (node as JsonObject)?[name] is JsonValue value && value.TryGetValue(out string? text) ? text : throw new ModelException($"{path}: has no {name}, {Expected}");
        if (json["files"] is not JsonArray { Count: > 0 } list)
            throw new ModelException($"{path}: has no files, {Expected}");
        var files = new List<HashedFile>();
        foreach (var item in list)
        {
            string name = Text(item, "name");
            if (name != Path.GetFileName(name) || item!["bytes"] is not JsonValue bytes || !bytes.TryGetValue(out long length))
                throw new ModelException($"{path}: describes file \"{name}\" in no known way, {Expected}");
            files.Add(new HashedFile(name, length, Text(item, ConversionRecord.HashName)));
        }

        return new ConversionOrigin(folder, Text(json["source"], "kind"), Text(json["source"], "path"), files);
    }

    /// <summary>Compares the folder's files with the record.</summary>
    /// <param name="progress">Told how many bytes were read so far.</param>
    /// <param name="stop">Stops it.</param>
    /// <returns>A line for every file that differs; none where all are as they were written.</returns>
    /// <exception cref="ModelException">A file cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public IReadOnlyList<string> FindChanges(Action<long>? progress = null, CancellationToken stop = default)
    {
        var changes = new List<string>();
        long done = 0;
        foreach (var file in files)
        {
            string path = Path.Combine(folder, file.Name);
            long length = File.Exists(path) ? new FileInfo(path).Length : -1;
            if (length < 0)
            {
                changes.Add($"{path}: is missing");
            }
            else if (length != file.Bytes)
            {
                changes.Add($"{path}: has {length} bytes, expected {file.Bytes}");
            }
            else
            {
                var found = HashedFile.Of(folder, path, count =>
                {
                    stop.ThrowIfCancellationRequested();
                    progress?.Invoke(done += count);
                });
                if (found.Hash != file.Hash)
                    changes.Add($"{path}: has the {ConversionRecord.HashName} {found.Hash}, expected {file.Hash}");
            }
        }

        return changes;
    }
}
