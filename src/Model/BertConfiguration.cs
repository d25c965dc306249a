using System.Text.Json.Nodes;
using Engine.Kernels;

namespace Engine.Model;

/// <summary>The shape of a BERT, as <c>config.json</c> of the Hugging Face layout has it.</summary>
public sealed record BertConfiguration
{
    /// <summary>The name of the file.</summary>
    public const string FileName = "config.json";

    /// <summary>Rows of the word embedding table (<c>vocab_size</c>).</summary>
    public required int VocabularySize { get; init; }

    /// <summary>The width of the states (<c>hidden_size</c>).</summary>
    public required int HiddenSize { get; init; }

    /// <summary>The number of encoder layers (<c>num_hidden_layers</c>).</summary>
    public required int LayerCount { get; init; }

    /// <summary>The attention heads of a layer (<c>num_attention_heads</c>).</summary>
    public required int HeadCount { get; init; }

    /// <summary>The width of the feed-forward layer (<c>intermediate_size</c>).</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>The longest sequence in tokens (<c>max_position_embeddings</c>).</summary>
    public int MaxPositions { get; init; } = 512;

    /// <summary>The number of segments (<c>type_vocab_size</c>).</summary>
    public int SegmentCount { get; init; } = 2;

    /// <summary>Which GELU the feed-forward layer has (<c>hidden_act</c>).</summary>
    public GeluForm Gelu { get; init; } = GeluForm.Erf;

    /// <summary>What layer norms add to the variance (<c>layer_norm_eps</c>).</summary>
    public float LayerNormEpsilon { get; init; } = 1e-12f;

    /// <summary>Dropout after the embeddings and after both dense layers of a layer (<c>hidden_dropout_prob</c>).</summary>
    public float HiddenDropout { get; init; } = 0.1f;

    /// <summary>Dropout of attention probabilities (<c>attention_probs_dropout_prob</c>).</summary>
    public float AttentionDropout { get; init; } = 0.1f;

    /// <summary>The standard deviation of new weights (<c>initializer_range</c>).</summary>
    public float InitializerRange { get; init; } = 0.02f;

    /// <summary>The head that the folder's weights hold, or null: an encoder alone.</summary>
    public HeadOptions? Head { get; init; }

    /// <summary>
    /// The heads of the pre-training tasks that a model is loaded with (<see cref="BertModel.LoadPretraining"/>). A file's configuration does not decide it:
    /// what a folder holds is seen in its weights.
    /// </summary>
    public PretrainingHeads Pretraining { get; init; }

    /// <summary>The width of one attention head.</summary>
    public int HeadSize => HiddenSize / HeadCount;

    /// <summary>All of the file as it was read, so that what this project does not use survives a round trip.</summary>
    private JsonObject Source { get; init; } = [];

    /// <summary>Reads a folder's <c>config.json</c>.</summary>
    /// <param name="folder">A model folder in Hugging Face layout.</param>
    /// <exception cref="ModelException">The file is missing, not JSON, or describes something that is no BERT.</exception>
    public static BertConfiguration Load(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!Directory.Exists(folder))
            throw new ModelException($"{folder}: no such folder, expected a model folder with {FileName}, model.safetensors and vocab.txt");
        if (!File.Exists(path))
        {
            // TensorFlow's models and checkpoints are the likeliest folders to be given without being converted.
            bool isTensorFlow = Directory.EnumerateFiles(folder).Any(file => file.EndsWith("saved_model.pb", StringComparison.Ordinal) || file.EndsWith(".index", StringComparison.Ordinal));
            throw new ModelException(
                $"{path}: is missing, expected a model folder with {FileName}, model.safetensors and vocab.txt"
                + (isTensorFlow ? $"; this is TensorFlow's: bring it into such a folder first (engine convert {folder} --out FOLDER)" : ""));
        }

        return FromJson(new JsonFields(path, JsonText.ReadObject(path, "a BERT's configuration")));
    }

    /// <summary>Reads a configuration that is not in a file yet.</summary>
    /// <param name="path">What messages call it.</param>
    /// <param name="json">The object.</param>
    /// <exception cref="ModelException">It describes something that is no BERT.</exception>
    internal static BertConfiguration Parse(string path, JsonObject json) => FromJson(new JsonFields(path, json));

    /// <summary>Writes <c>config.json</c>, atomically.</summary>
    /// <param name="folder">An existing folder.</param>
    /// <exception cref="ModelException">The file cannot be written.</exception>
    public void Save(string folder)
    {
        JsonText.Write(Path.Combine(folder, FileName), ToJson());
    }

    private static BertConfiguration FromJson(JsonFields fields)
    {
        string modelType = fields.Text("model_type", "bert");
        if (modelType != "bert")
            throw fields.Wrong("model_type", $"\"{modelType}\"", "\"bert\"; other architectures have other layers");
        string positions = fields.Text("position_embedding_type", "absolute");
        if (positions != "absolute")
            throw fields.Wrong("position_embedding_type", $"\"{positions}\"", "\"absolute\"");
        if (fields.Flag("is_decoder", false))
            throw fields.Wrong("is_decoder", "true", "false: an encoder");
        string activation = fields.Text("hidden_act", "gelu");
        float hiddenDropout = fields.Probability("hidden_dropout_prob", 0.1f);
        var configuration = new BertConfiguration
        {
            VocabularySize = fields.Size("vocab_size", null, 100_000_000),
            HiddenSize = fields.Size("hidden_size", null, 65_536),
            LayerCount = fields.Size("num_hidden_layers", null, 1_000),
            HeadCount = fields.Size("num_attention_heads", null, 65_536),
            IntermediateSize = fields.Size("intermediate_size", null, 1_048_576),
            MaxPositions = fields.Size("max_position_embeddings", 512, 1_048_576),
            SegmentCount = fields.Size("type_vocab_size", 2, 65_536),
            Gelu = activation switch
            {
                "gelu" => GeluForm.Erf,
                "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => GeluForm.Tanh,
                _ => throw fields.Wrong("hidden_act", $"\"{activation}\"", "\"gelu\", \"gelu_new\", \"gelu_pytorch_tanh\" or \"gelu_fast\""),
            },
            LayerNormEpsilon = fields.Number("layer_norm_eps", 1e-12f, 0f, 1f),
            HiddenDropout = hiddenDropout,
            AttentionDropout = fields.Probability("attention_probs_dropout_prob", 0.1f),
            InitializerRange = fields.Number("initializer_range", 0.02f, 0f, 10f),
            Head = HeadConfiguration.Read(fields, hiddenDropout),
            Source = fields.Json,
        };
        if (configuration.HiddenSize % configuration.HeadCount != 0)
        {
            throw fields.Wrong(
                "num_attention_heads", $"{configuration.HeadCount}", $"a divisor of hidden_size {configuration.HiddenSize}");
        }

        if (configuration.HeadSize is < 8 or > 128)
        {
            throw fields.Wrong(
                "num_attention_heads", $"{configuration.HeadCount}", $"heads of 8 to 128 of hidden_size {configuration.HiddenSize}");
        }

        return configuration;
    }

    private JsonObject ToJson()
    {
        var json = (JsonObject)Source.DeepClone();
        json["model_type"] = "bert";
        json["vocab_size"] = VocabularySize;
        json["hidden_size"] = HiddenSize;
        json["num_hidden_layers"] = LayerCount;
        json["num_attention_heads"] = HeadCount;
        json["intermediate_size"] = IntermediateSize;
        json["max_position_embeddings"] = MaxPositions;
        json["type_vocab_size"] = SegmentCount;

        // A form that was read keeps its own spelling: gelu_new and gelu_pytorch_tanh are one function.
        if (!json.ContainsKey("hidden_act") || Gelu == GeluForm.Erf)
            json["hidden_act"] = Gelu == GeluForm.Erf ? "gelu" : "gelu_pytorch_tanh";
        json["layer_norm_eps"] = Exact(LayerNormEpsilon);
        json["hidden_dropout_prob"] = Exact(HiddenDropout);
        json["attention_probs_dropout_prob"] = Exact(AttentionDropout);
        json["initializer_range"] = Exact(InitializerRange);
        json.Remove("dtype");
        json["torch_dtype"] = "float32";
        HeadConfiguration.Write(Head, Pretraining, json);
        return json;
    }

    /// <summary>The number as it was spelled: 0.1f as 0.1, not as 0.10000000149.</summary>
    private static JsonNode Exact(float value) => JsonValue.Create((double)(decimal)value is var exact && (float)exact == value ? exact : value);
}
