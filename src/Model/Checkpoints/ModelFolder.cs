using Engine.Model.Data;
using ILGPU.Runtime;

namespace Engine.Model.Checkpoints;

/// <summary>Moves parameters between a model folder in Hugging Face layout and the parameter arena, a part at a time.</summary>
internal static class ModelFolder
{
    /// <summary>The name of the weights' file.</summary>
    public const string WeightsName = "model.safetensors";

    private const int ElementsPerPart = 1 << 20;

    // What belongs to the tokenizer and is copied as it is.
    private static readonly string[] TokenizerFiles = ["vocab.txt", "tokenizer_config.json", "special_tokens_map.json", "tokenizer.json"];

    /// <summary>Opens a folder's weights.</summary>
    /// <exception cref="ModelException">There are none, or the file is damaged.</exception>
    public static SafetensorsFile OpenWeights(string folder)
    {
        string path = Path.Combine(folder, WeightsName);
        if (File.Exists(path))
            return SafetensorsFile.Open(path);
        string instead = File.Exists(path + ".index.json") ? "its weights are in several files, which is not supported: save them as one"
            : File.Exists(Path.Combine(folder, "pytorch_model.bin")) ? "there is only pytorch_model.bin: save it as safetensors (transformers: save_pretrained)"
            : "expected a model folder with config.json, model.safetensors and vocab.txt";
        throw new ModelException($"{path}: is missing; {instead}");
    }

    /// <summary>Fills the parameters from a file, and draws those that it does not hold.</summary>
    /// <param name="source">The file.</param>
    /// <param name="arena">The parameters.</param>
    /// <param name="deviation">The standard deviation of new weights; new biases are 0.</param>
    public static void Read(ParameterSource source, ParameterArena arena, float deviation)
    {
        var device = arena.Device;
        var (names, isNew, seed) = source;
        var file = names.File;
        var part = new float[ElementsPerPart];

        // Of blocks that are put together or turned, one at a time: new arrays for each would add up to the size of the model before the collector looks.
        float[] stagingBuffer = [];
        float[] tensorBuffer = [];
        foreach (var group in arena.Layout.Tensors.GroupBy(t => t.Block))
        {
            var block = group.Key.In(arena.Parameters);
            var only = group.First();
            if (only.RowStride == 0 && group.Count() == 1 && !isNew(only))
            {
                string name = names.Find(only);
                for (int start = 0; start < only.Count; start += part.Length)
                {
                    var values = part.AsSpan(0, Math.Min(part.Length, only.Count - start));
                    file.ReadFloats(name, start, values);
                    block.SubView(start, values.Length).CopyFromCPU(device.Stream, values);
                    device.Synchronize();
                }

                continue;
            }

            var staging = Take(ref stagingBuffer, group.Key.Length);
            staging.Clear();
            foreach (var tensor in group)
            {
                if (isNew(tensor))
                {
                    Draw(tensor, staging, seed, deviation);
                    continue;
                }

                var values = Take(ref tensorBuffer, tensor.Count);
                file.ReadFloats(names.Find(tensor), 0, values);
                tensor.ToBlock(values, staging);
            }

            block.CopyFromCPU(device.Stream, staging);
            device.Synchronize();
        }

        static Span<float> Take(ref float[] buffer, int length)
        {
            if (buffer.Length < length)
                buffer = new float[length];
            return buffer.AsSpan(0, length);
        }
    }

    /// <summary>Writes a model folder: weights, configuration, and the tokenizer's files of the folder that the model came from.</summary>
    /// <exception cref="ModelException">Something cannot be written.</exception>
    public static void Write(string folder, string source, BertConfiguration configuration, ParameterArena arena, TensorType type)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{folder}: cannot be made ({exception.Message}); expected a folder that is writable: choose another", exception);
        }

        // Models with transformers' head have their encoder under "bert."; the encoder alone has no prefix.
        string prefix = configuration.Head?.Pooling == Pooling.Pooled || configuration.Pretraining != PretrainingHeads.None ? "bert." : "";
        SafetensorsWriter.Write(
            Path.Combine(folder, WeightsName),
            arena.Layout.Tensors.Select(tensor => new TensorSource(
                tensor.IsHead || tensor.IsPretraining ? tensor.Name : prefix + tensor.Name,
                tensor.Shape,
                (start, target) => arena.Read(arena.Parameters, tensor, (int)start, target))),
            type);
        configuration.Save(folder);
        if (Path.GetFullPath(folder) == Path.GetFullPath(source))
            return;
        foreach (string name in TokenizerFiles)
        {
            string path = Path.Combine(source, name);
            if (File.Exists(path))
            {
                AtomicFile.Write(Path.Combine(folder, name), stream =>
                {
                    using var input = File.OpenRead(path);
                    input.CopyTo(stream);
                });
            }
        }
    }

    private static void Draw(ParameterTensor tensor, Span<float> block, ulong seed, float deviation)
    {
        var values = new float[tensor.Count];
        if (tensor.Shape.Count == 2)
        {
            // Each tensor has numbers of its own, so that what one draws does not depend on the others.
            ulong purpose = tensor.Name.Aggregate(14695981039346656037UL, (hash, c) => (hash ^ c) * 1099511628211UL);
            var random = SeededRandom.For(seed, purpose);
            foreach (ref float value in values.AsSpan())
                value = (float)(deviation * random.NextNormal());
        }

        tensor.ToBlock(values, block);
    }
}
