using System.Buffers.Binary;
using System.Text.Json;
using static TorchSharp.torch;

namespace Engine.Benchmarks.Peers;

/// <summary>Loads a <see cref="Bert"/> from a safetensors file of float32 with Hugging Face's names, and the head as this project names it.</summary>
internal static class Weights
{
    /// <summary>Names of the model's modules, and Hugging Face's names of the same.</summary>
    private static readonly (string Ours, string File)[] Names =
    [
        ("words", "embeddings.word_embeddings"),
        ("positions", "embeddings.position_embeddings"),
        ("segments", "embeddings.token_type_embeddings"),
        ("norm", "embeddings.LayerNorm"),
        ("query", "attention.self.query"),
        ("key", "attention.self.key"),
        ("value", "attention.self.value"),
        ("output", "attention.output.dense"),
        ("attentionNorm", "attention.output.LayerNorm"),
        ("intermediate", "intermediate.dense"),
        ("final", "output.dense"),
        ("finalNorm", "output.LayerNorm"),
        ("head", "engine.head"),
    ];

    /// <summary>Loads the model; how many layers it has and how wide they are, the file tells.</summary>
    /// <param name="file">The file.</param>
    /// <param name="heads">Attention heads.</param>
    /// <returns>The model.</returns>
    public static Bert Load(string file, int heads)
    {
        var bytes = File.ReadAllBytes(file);
        var headerLength = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        using var header = JsonDocument.Parse(bytes.AsMemory(8, headerLength));
        var entries = header.RootElement.EnumerateObject().Where(entry => entry.Name != "__metadata__").ToDictionary(entry => entry.Name, entry => entry.Value);
        var layers = entries.Keys.Count(name => name.EndsWith(".attention.self.query.weight", StringComparison.Ordinal));
        var model = new Bert(layers, Shape("embeddings.LayerNorm.weight")[0], heads, Shape("engine.head.weight")[0]);
        using var withoutGradients = no_grad();
        foreach (var (name, parameter) in model.named_parameters())
        {
            var stored = FileName(name);
            var offsets = entries[stored].GetProperty("data_offsets");
            if (entries[stored].GetProperty("dtype").GetString() != "F32" || !parameter.shape.SequenceEqual(Shape(stored).Select(size => (long)size)))
                throw new InvalidDataException($"{file}: {stored} is not float32 of shape [{string.Join(", ", parameter.shape)}]; write the file again with the model's own shape");
            var start = 8 + headerLength + (int)offsets[0].GetInt64();
            var values = new float[parameter.numel()];
            Buffer.BlockCopy(bytes, start, values, 0, values.Length * sizeof(float));
            using var loaded = tensor(values, parameter.shape);
            parameter.copy_(loaded);
        }

        return model;

        int[] Shape(string name) => [.. entries[name].GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];
    }

    /// <summary>"layers.3.query.weight" is "encoder.layer.3.attention.self.query.weight".</summary>
    private static string FileName(string name)
    {
        var parts = name.Split('.');
        var module = Names.Single(pair => pair.Ours == parts[^2]).File;
        return parts[0] == "layers" ? $"encoder.layer.{parts[1]}.{module}.{parts[^1]}" : $"{module}.{parts[^1]}";
    }
}
