using System.IO.Hashing;
using System.Text.Json.Nodes;
using Engine.Model.Checkpoints;

namespace Engine.Model.Conversion;

/// <summary>A folder in Hugging Face's layout, with its weights in one safetensors file or in several.</summary>
internal static class HuggingFaceFolder
{
    private static readonly string[] TokenizerFiles = ["special_tokens_map.json", "tokenizer.json"];

    /// <summary>Whether a folder looks like one.</summary>
    public static bool Is(string folder) =>
        new[] { ModelFolder.WeightsName, SafetensorsShards.IndexName, "pytorch_model.bin", "tf_model.h5", "flax_model.msgpack" }
            .Any(name => File.Exists(Path.Combine(folder, name)));

    /// <summary>Opens a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="given">What the user gave, for messages.</param>
    /// <exception cref="ModelException">Its weights are in a format that is not read, damaged, or no BERT's.</exception>
    public static SourceModel Open(string folder, string given)
    {
        var (tensors, weights) = OpenWeights(folder);
        try
        {
            string configurationPath = Path.Combine(folder, BertConfiguration.FileName);
            var configuration = File.Exists(configurationPath)
                ? new JsonFields(configurationPath, JsonText.ReadObject(configurationPath, "a BERT's configuration"))
                : null;
            string tokenizerPath = Path.Combine(folder, ConvertedTokenizerFiles.ConfigurationName);
            var tokenizer = File.Exists(tokenizerPath)
                ? new JsonFields(tokenizerPath, JsonText.ReadObject(tokenizerPath, "a tokenizer's configuration"))
                : null;
            string vocabulary = Path.Combine(folder, ConvertedTokenizerFiles.VocabularyName);
            string[] others = [.. TokenizerFiles.Select(name => Path.Combine(folder, name)).Where(File.Exists)];
            var names = NamesOf(tensors, configuration);
            var variables = tensors.Tensors.Values.Select(entry => new SourceVariable(entry));
            return new SourceModel(given, Kind(weights.Count, configuration), tensors, [.. variables], Finder(tensors, names))
            {
                Folder = folder,
                Files = [.. weights, .. new[] { configurationPath, tokenizerPath, vocabulary }.Where(File.Exists), .. others],
                Configuration = configuration,
                VocabularyPath = File.Exists(vocabulary) ? vocabulary : null,
                Lowercase = LowercaseOf(tokenizer),
                TokenizerConfiguration = tokenizer?.Json,
                TokenizerFiles = others,
                Classifier = Classifier(tensors, configuration, out var withoutHead),
                LeftOut = withoutHead,
            };
        }
        catch
        {
            tensors.Dispose();
            throw;
        }
    }

    private static (ITensorSource Tensors, IReadOnlyList<string> Files) OpenWeights(string folder)
    {
        string path = Path.Combine(folder, ModelFolder.WeightsName);
        if (File.Exists(path))
            return (SafetensorsFile.Open(path), [path]);
        string index = Path.Combine(folder, SafetensorsShards.IndexName);
        if (File.Exists(index))
        {
            var shards = SafetensorsShards.Open(index);
            return (shards, [index, .. shards.Files]);
        }

        string other = new[] { "pytorch_model.bin", "tf_model.h5", "flax_model.msgpack" }.First(name => File.Exists(Path.Combine(folder, name)));
        throw new ModelException(
            $"{Path.Combine(folder, other)}: is not read, expected {ModelFolder.WeightsName}; "
            + "save the model as safetensors (transformers: from_pretrained, save_pretrained)");
    }

    private static (bool, string)? LowercaseOf(JsonFields? tokenizer) =>
        tokenizer is null ? null
        : tokenizer.Has("do_lower_case") ? (tokenizer.Flag("do_lower_case", fallback: true), $"{ConvertedTokenizerFiles.ConfigurationName} says so")
        : (true, $"{ConvertedTokenizerFiles.ConfigurationName} does not say otherwise");

    private static string Kind(int files, JsonFields? configuration)
    {
        string architecture = configuration?.Json["architectures"] is JsonArray { Count: > 0 } list && list[0] is JsonValue value && value.TryGetValue(out string? name)
            ? $" of {name}"
            : "";
        return files == 1 ? $"Hugging Face folder{architecture}" : $"Hugging Face folder{architecture} with weights in {files - 1} files";
    }

    /// <summary>The names, or null where another architecture's tensors will be refused by their own.</summary>
    private static HuggingFaceNames? NamesOf(ITensorSource tensors, JsonFields? configuration) =>
        configuration?.Text("model_type", "bert") is null or "bert" ? HuggingFaceNames.Of(tensors.Path, tensors.Tensors.Keys) : null;

    /// <summary>A decoder that is the word table is not carried over: it is tied to it.</summary>
    private static Func<string, TensorRole?> Finder(ITensorSource tensors, HuggingFaceNames? names)
    {
        if (names is null)
            return _ => null;
        string? decoder = tensors.Tensors.Keys.FirstOrDefault(name => names.Find(name)?.Name == PretrainingTensors.DecoderWeight);
        string words = tensors.Tensors.Keys.First(name => names.Find(name)?.Name == "embeddings.word_embeddings.weight");
        bool isTied = decoder is not null && Hash(tensors, decoder).SequenceEqual(Hash(tensors, words));
        return name => isTied && name == decoder ? null : names.Find(name);
    }

    private static byte[] Hash(ITensorSource tensors, string name)
    {
        var bytes = new byte[tensors.Tensors[name].ByteCount];
        tensors.Read(name, bytes);
        return XxHash128.Hash(bytes);
    }

    private static SourceClassifier? Classifier(ITensorSource tensors, JsonFields? configuration, out IReadOnlyList<LeftOut> leftOut)
    {
        leftOut = [];
        string? name = new[] { "classifier", "engine.head" }.FirstOrDefault(name => tensors.Tensors.ContainsKey(name + ".weight"));
        if (name is null || !tensors.Tensors.TryGetValue(name + ".bias", out var bias))
            return null;
        string reason = "its tensors are there and the configuration does not say what it classifies";
        try
        {
            if (configuration is not null
                && HeadConfiguration.Read(configuration, configuration.Probability("hidden_dropout_prob", 0.1f)) is { } head
                && ParameterLayout.HeadName(head) == name)
            {
                return new SourceClassifier(new(tensors.Tensors[name + ".weight"]), new(bias), false, head, "the configuration says so");
            }
        }
        catch (ModelException exception)
        {
            reason = exception.Message;
        }

        leftOut = [new LeftOut($"a classifier: {reason}", [name + ".weight", name + ".bias"])];
        return null;
    }
}
