namespace Engine.Model.Checkpoints;

/// <summary>
/// Finds a BERT's tensors under the names that files give them: with or without a model's prefix (<c>bert.</c> for models with a head,
/// <c>model.</c> and others for wrappers), layer norms as weight and bias or as gamma and beta.
/// </summary>
internal sealed class TensorNames
{
    private const string Anchor = "embeddings.word_embeddings.weight";
    private const string EncoderPrefix = "bert.";
    private static readonly string[] KnownPrefixes = ["", "bert.", "model.", "model.bert.", "encoder.", "0.auto_model."];

    private readonly string prefix;

    /// <summary>Finds the prefix of a file's names.</summary>
    /// <exception cref="ModelException">The file holds no BERT.</exception>
    public TensorNames(SafetensorsFile file)
    {
        File = file;
        string? known = KnownPrefixes.FirstOrDefault(p => file.Tensors.ContainsKey(p + Anchor));
        prefix = known ?? throw new ModelException(
            $"{file.Path}: tensor \"{Anchor}\" is missing, with any of the prefixes {string.Join(", ", KnownPrefixes.Select(p => $"\"{p}\""))}; "
            + "expected the weights of a BERT");
    }

    /// <summary>The file.</summary>
    public SafetensorsFile File { get; }

    /// <summary>Whether the file has the pooler's weights.</summary>
    public bool HasPooler => FirstOf("pooler.dense.weight") is not null;

    /// <summary>The name in the file of a tensor, or null where it is not there.</summary>
    /// <param name="name">Its name without a model's prefix.</param>
    public string? FirstOf(string name) => Candidates(name).FirstOrDefault(File.Tensors.ContainsKey);

    /// <summary>The name of a tensor in the file, its shape checked.</summary>
    /// <exception cref="ModelException">There is no such tensor, or its shape or type is not what was expected.</exception>
    public string Find(ParameterTensor tensor)
    {
        string? name = FirstOf(tensor.Name);
        if (name is null)
        {
            throw new ModelException(
                $"{File.Path}: tensor \"{Candidates(tensor.Name).First()}\" is missing, expected with shape {TensorEntry.Describe(tensor.Shape)} by config.json");
        }

        var entry = File.Tensors[name];
        if (!entry.Shape.SequenceEqual(tensor.Shape))
        {
            throw new ModelException(
                $"{File.Path}: tensor \"{name}\" has shape {entry.ShapeText}, expected {TensorEntry.Describe(tensor.Shape)} by config.json");
        }

        if (entry.Type is not (TensorType.F32 or TensorType.F16 or TensorType.BF16 or TensorType.F64))
        {
            throw new ModelException(
                $"{File.Path}: tensor \"{name}\" has type {entry.TypeName}, expected F32, F16, BF16 or F64; convert the weights to one of these");
        }

        return name;
    }

    /// <summary>Checks that the file has no more encoder layers than the configuration.</summary>
    /// <exception cref="ModelException">It has.</exception>
    public void CheckLayerCount(int layerCount)
    {
        string extra = $"{prefix}encoder.layer.{layerCount}.";
        string? name = File.Tensors.Keys.FirstOrDefault(n => n.StartsWith(extra, StringComparison.Ordinal));
        if (name is not null)
        {
            throw new ModelException(
                $"{File.Path}: tensor \"{name}\" belongs to a layer that config.json does not have, expected {layerCount} layers (num_hidden_layers)");
        }
    }

    private IEnumerable<string> Candidates(string name)
    {
        if (name.StartsWith("classifier.", StringComparison.Ordinal) || name.StartsWith("engine.", StringComparison.Ordinal))
            return [name];
        string full = prefix + name;

        // The heads of the pre-training tasks stand beside the encoder, not in it.
        if (name.StartsWith("cls.", StringComparison.Ordinal))
            full = (prefix.EndsWith(EncoderPrefix, StringComparison.Ordinal) ? prefix[..^EncoderPrefix.Length] : prefix) + name;
        if (name.EndsWith("LayerNorm.weight", StringComparison.Ordinal))
            return [full, full[..^"weight".Length] + "gamma"];
        if (name.EndsWith("LayerNorm.bias", StringComparison.Ordinal))
            return [full, full[..^"bias".Length] + "beta"];
        if (name == "cls.predictions.bias")
            return [full, full[..^"bias".Length] + "decoder.bias"];
        return [full];
    }
}
