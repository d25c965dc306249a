using System.Text.Json;

namespace Engine.Model.Checkpoints;

/// <summary>
/// The tensors of a model whose weights are in several safetensors files, as <c>model.safetensors.index.json</c> lists them
/// (<c>{"weight_map": {tensor: file}}</c>, transformers' <c>save_pretrained</c>).
/// </summary>
internal sealed class SafetensorsShards : ITensorSource
{
    /// <summary>The name of the list.</summary>
    public const string IndexName = "model.safetensors.index.json";

    private readonly Dictionary<string, SafetensorsFile> shards = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TensorEntry> tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SafetensorsFile> homes = new(StringComparer.Ordinal);

    private SafetensorsShards(string path) => Path = path;

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, TensorEntry> Tensors => tensors;

    /// <summary>The files, in the order of their names.</summary>
    public IEnumerable<string> Files => shards.Values.Select(shard => shard.Path).Order(StringComparer.Ordinal);

    /// <summary>Opens the files that a list names, each of which must lie beside it.</summary>
    /// <param name="path">The list.</param>
    /// <exception cref="ModelException">The list is damaged, or a file is missing, damaged or without a tensor that the list says it holds.</exception>
    public static SafetensorsShards Open(string path)
    {
        var source = new SafetensorsShards(path);
        try
        {
            foreach (var (tensor, file) in ReadIndex(path))
                source.Add(tensor, file);
            return source;
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Read(string name, Span<byte> target)
    {
        if (!homes.TryGetValue(name, out var home))
            throw new ModelException($"{Path}: tensor \"{name}\" is missing; expected one of {tensors.Count} tensors of a BERT");
        home.Read(name, target);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var shard in shards.Values)
            shard.Dispose();
    }

    private void Add(string tensor, string file)
    {
        if (file != System.IO.Path.GetFileName(file) || file.Length == 0 || file.Any(char.IsControl))
            throw new ModelException($"{Path}: tensor \"{tensor}\" is in \"{file}\", expected the name of a file beside the list");
        if (!shards.TryGetValue(file, out var shard))
        {
            string path = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!, file);
            if (!File.Exists(path))
                throw new ModelException($"{path}: is missing, expected by {System.IO.Path.GetFileName(Path)}; get the files again");
            shard = SafetensorsFile.Open(path);
            shards.Add(file, shard);
        }

        if (!shard.Tensors.TryGetValue(tensor, out var entry))
            throw new ModelException($"{shard.Path}: tensor \"{tensor}\" is missing, expected by {System.IO.Path.GetFileName(Path)}; get the files again");
        tensors.Add(tensor, entry);
        homes.Add(tensor, shard);
    }

    private static List<KeyValuePair<string, string>> ReadIndex(string path)
    {
        const string Expected = "expected an object with a weight_map from tensor to file";
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            if (document.RootElement.ValueKind != JsonValueKind.Object
                || !document.RootElement.TryGetProperty("weight_map", out var map)
                || map.ValueKind != JsonValueKind.Object)
            {
                throw new ModelException($"{path}: has no weight_map, {Expected}");
            }

            var entries = new List<KeyValuePair<string, string>>();
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var property in map.EnumerateObject())
            {
                if (property.Value.ValueKind != JsonValueKind.String || !seen.Add(property.Name))
                    throw new ModelException($"{path}: weight_map has \"{property.Name}\" twice or without a file's name, {Expected}");
                entries.Add(new(property.Name, property.Value.GetString()!));
            }

            return entries;
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            throw new ModelException($"{path}: cannot be read as JSON ({exception.Message}); {Expected}", exception);
        }
    }
}
