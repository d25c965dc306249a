using Engine.Model.Checkpoints;
using Engine.Model.Checkpoints.TensorFlow;
using Engine.Model.Conversion.Verification;
using Engine.Model.Tests.Reference;
using Xunit;
using Xunit.Abstractions;

namespace Engine.Model.Tests.Conversion;

/// <summary>
/// Every layout that TensorFlow wrote, all of one encoder: tensors against those of the TF1 checkpoint, put in order here, and the engine's outputs against
/// what TensorFlow computed.
/// </summary>
[Collection(ModelDevices.Collection)]
public sealed class LayoutConversionTests(ModelDevices devices, ITestOutputHelper output) : IDisposable
{
    // What the design asks for; TensorFlow computes in single precision as well, and 4e-7 is usual between two such computations of two layers.
    private const double Tolerance = 2e-6;

    private readonly Conversions conversions = new();

    public static TheoryData<string, string, string> Layouts => new()
    {
        { "tf1", "BertForPreTraining", "TF1 checkpoint" },
        { "tf1-training", "BertForSequenceClassification", "TF1 checkpoint" },
        { "tf1-two-shards", "BertForPreTraining", "TF1 checkpoint" },
        { "hub-tf1", "BertForPreTraining", "TF1 Hub module" },
        { "hub-v2", "BertModel", "TF2 SavedModel from TF-Hub (version 1/2 interface)" },
        { "hub-v4", "BertForMaskedLM", "TF2 SavedModel from TF-Hub (version 3/4 interface)" },
        { "hub-v4-no-mlm", "BertModel", "TF2 SavedModel from TF-Hub (version 3/4 interface)" },
        { "keras-fine-tuned", "BertModel", "TF2 SavedModel of a Keras model around an encoder" },
        { "garden", "BertForMaskedLM", "Model Garden training checkpoint" },
    };

    public void Dispose() => conversions.Dispose();

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Tensors_have_Hugging_Faces_names_and_orders(string layout, string architecture, string kind)
    {
        string folder = conversions.OfLayout(layout);
        Assert.Equal(architecture, (string?)Conversions.Json(folder, "config.json")["architectures"]![0]);
        Assert.Equal(kind, (string?)Conversions.Json(folder, "conversion.json")["source"]!["kind"]);
        using var source = TensorBundle.Open(Fixtures.At("checkpoints", "tf1", "bert_model.ckpt"));
        using var written = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        bool hasPrefix = architecture != "BertModel";
        bool hasWords = architecture is "BertForPreTraining" or "BertForMaskedLM" || layout == "tf1-training";
        bool hasNext = architecture == "BertForPreTraining" || layout == "tf1-training";
        var expected = Names(2).Select(name => (hasPrefix ? "bert." : "") + name)
            .Concat(hasWords ? MaskedLanguage : []).Concat(hasNext ? NextSentence : [])
            .Concat(layout switch
            {
                "tf1-training" => ["classifier.weight", "classifier.bias"],
                "keras-fine-tuned" => ["engine.head.weight", "engine.head.bias"],
                _ => (string[])[],
            }).ToArray();
        Assert.Equal(expected.Order(StringComparer.Ordinal), written.Tensors.Keys.Order(StringComparer.Ordinal));
        foreach (string name in expected.Where(name => !name.StartsWith("classifier", StringComparison.Ordinal) && !name.StartsWith("engine", StringComparison.Ordinal)))
        {
            string original = Original(name);
            var values = new float[source.Tensors[original].Count];
            source.Read(original, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));
            if (original.EndsWith("/kernel", StringComparison.Ordinal))
                values = Transposed(values, source.Tensors[original].Shape[0], source.Tensors[original].Shape[1]);
            Assert.Equal(values, written.ReadFloats(name));
        }
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void The_engine_computes_what_TensorFlow_computes(string layout, string architecture, string kind)
    {
        _ = kind;
        string folder = conversions.OfLayout(layout);
        var expected = new TensorFlowOutputs();
        var limits = new BatchLimits(expected.Batch.TokenCount, expected.Batch.SequenceCount);
        bool hasWords = architecture is "BertForPreTraining" or "BertForMaskedLM" || layout == "tf1-training";
        using var model = hasWords
            ? BertModel.LoadPretraining(devices.Get("cpu"), folder, PretrainingHeads.MaskedLanguage, limits)
            : BertModel.Load(devices.Get("cpu"), folder, null, 1, limits);
        model.Forward(expected.Batch);
        var states = new float[expected.Outputs[ModelOutput.Layer(1)].Length];
        model.ReadHiddenStates(model.Configuration.LayerCount, states);
        Check("states", states, expected.Outputs[ModelOutput.Layer(1)]);
        var pooled = new float[expected.Outputs[ModelOutput.Pooled].Length];
        model.ReadEmbeddings(Pooling.Pooled, pooled);
        Check("pooled", pooled, expected.Outputs[ModelOutput.Pooled]);
        if (!hasWords)
            return;
        var logits = new float[expected.Outputs[ModelOutput.MaskedLogits].Length];
        model.ReadTokenLogits(expected.MaskedTokens, logits);
        Check("logits", logits, expected.Outputs[ModelOutput.MaskedLogits]);
    }

    [Theory]
    [InlineData("tf1-training", HeadKind.PooledSoftmax, "output_weights", 2)]
    [InlineData("keras-fine-tuned", HeadKind.ClsSigmoid, "layer_with_weights-1/kernel/.ATTRIBUTES/VARIABLE_VALUE", 1)]
    public void A_classifier_comes_along(string layout, HeadKind kind, string key, int outputs)
    {
        string folder = conversions.OfLayout(layout);
        var head = BertConfiguration.Load(folder).Head!;
        Assert.Equal(kind, head.Kind);
        Assert.Equal(["0", "1"], head.Labels);
        Assert.Equal(layout == "tf1-training" ? 0.1f : 0f, head.Dropout);
        string prefix = layout == "tf1-training" ? Path.Combine(layout, "bert_model.ckpt") : Path.Combine(layout, "variables", "variables");
        using var source = TensorBundle.Open(Fixtures.At("checkpoints", prefix));
        using var model = BertModel.Load(devices.Get("cpu"), folder, null, 1, new BatchLimits(8, 1));

        // [outputs, 32] and, of one output, [32, 1] have their elements in one order.
        var weight = new float[32 * outputs];
        source.Read(key, System.Runtime.InteropServices.MemoryMarshal.AsBytes(weight.AsSpan()));
        Assert.Equal(weight, model.ReadParameter(ParameterLayout.HeadName(head) + ".weight"));
    }

    [Fact]
    public void What_training_left_behind_is_named()
    {
        var record = Conversions.Json(conversions.OfLayout("tf1-training"), "conversion.json");
        var groups = record["left_out"]!.AsArray().ToDictionary(group => (string)group!["reason"]!, group => group!["names"]!.AsArray().Select(name => (string)name!).ToArray());
        Assert.Equal(["counters of the training", "optimizer slots"], groups.Keys.Order());
        Assert.Equal(["global_step"], groups["counters of the training"]);
        Assert.Equal(92, groups["optimizer slots"].Length);
        Assert.All(groups["optimizer slots"], name => Assert.Matches("/adam_[mv]$", name));
        var garden = Conversions.Json(conversions.OfLayout("garden"), "conversion.json");
        Assert.Equal("save_counter/.ATTRIBUTES/VARIABLE_VALUE", (string?)Assert.Single(garden["left_out"]!.AsArray())!["names"]![0]);
    }

    [Theory]
    [InlineData("hub-v4", "saved_model.pb")]
    [InlineData("hub-v4", "variables/variables")]
    [InlineData("hub-v4", "variables/variables.index")]
    [InlineData("tf1-two-shards", "bert_model.ckpt")]
    [InlineData("tf1-two-shards", "bert_model.ckpt.data-00001-of-00002")]
    [InlineData("tf1", "bert_model.ckpt.meta")]
    [InlineData("hub-tf1", "tfhub_module.pb")]
    public void Any_file_of_a_model_leads_to_it(string layout, string file)
    {
        string whole = conversions.OfLayout(layout);
        string part = conversions.Of(Fixtures.At("checkpoints", layout, file), Conversions.OptionsFor(layout));
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole, "model.safetensors")), File.ReadAllBytes(Path.Combine(part, "model.safetensors")));
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole, "config.json")), File.ReadAllBytes(Path.Combine(part, "config.json")));
    }

    private static readonly string[] MaskedLanguage =
    [
        "cls.predictions.bias", "cls.predictions.transform.dense.weight", "cls.predictions.transform.dense.bias",
        "cls.predictions.transform.LayerNorm.weight", "cls.predictions.transform.LayerNorm.bias",
    ];

    private static readonly string[] NextSentence = ["cls.seq_relationship.weight", "cls.seq_relationship.bias"];

    /// <summary>The names of transformers' BertModel, written out.</summary>
    private static IEnumerable<string> Names(int layers) =>
    [
        "embeddings.word_embeddings.weight", "embeddings.position_embeddings.weight", "embeddings.token_type_embeddings.weight",
        "embeddings.LayerNorm.weight", "embeddings.LayerNorm.bias",
        .. Enumerable.Range(0, layers).SelectMany(i => new[]
        {
            "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "attention.output.LayerNorm", "intermediate.dense",
            "output.dense", "output.LayerNorm",
        }.SelectMany(part => new[] { $"encoder.layer.{i}.{part}.weight", $"encoder.layer.{i}.{part}.bias" })),
        "pooler.dense.weight", "pooler.dense.bias",
    ];

    /// <summary>google-research/bert's name for a tensor of transformers'.</summary>
    private static string Original(string name)
    {
        string inner = name.StartsWith("bert.", StringComparison.Ordinal) ? name["bert.".Length..] : name;
        if (inner == "cls.predictions.bias")
            return "cls/predictions/output_bias";
        if (inner.StartsWith("cls.seq_relationship", StringComparison.Ordinal))
            return inner.EndsWith("weight", StringComparison.Ordinal) ? "cls/seq_relationship/output_weights" : "cls/seq_relationship/output_bias";
        string slashed = inner.Replace('.', '/').Replace("layer/", "layer_", StringComparison.Ordinal);
        slashed = slashed.Contains("LayerNorm", StringComparison.Ordinal)
            ? slashed.Replace("/weight", "/gamma", StringComparison.Ordinal).Replace("/bias", "/beta", StringComparison.Ordinal)
            : slashed.Contains("_embeddings/weight", StringComparison.Ordinal)
                ? slashed.Replace("/weight", "", StringComparison.Ordinal)
                : slashed.Replace("/weight", "/kernel", StringComparison.Ordinal);
        return slashed.StartsWith("cls", StringComparison.Ordinal) ? slashed : "bert/" + slashed;
    }

    private static float[] Transposed(float[] values, int rows, int columns) =>
        [.. Enumerable.Range(0, values.Length).Select(i => values[i % rows * columns + i / rows])];

    private void Check(string what, float[] actual, float[] expected)
    {
        double error = Norms.RelativeError(actual, expected);
        output.WriteLine($"{what}: {error:E2}");
        Assert.InRange(error, 0, Tolerance);
    }
}
