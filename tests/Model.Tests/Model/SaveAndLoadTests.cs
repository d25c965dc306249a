using Engine.Model.Checkpoints;
using Engine.Model.Tests.Data;
using Engine.Model.Tests.Reference;
using Xunit;

namespace Engine.Model.Tests.Model;

/// <summary>Model folders: what is saved is what was computed with, names of all kinds are found, wrong folders are one clear error.</summary>
[Collection(ModelDevices.Collection)]
public sealed class SaveAndLoadTests(ModelDevices devices) : IDisposable
{
    private static readonly int[] Lengths = [7, 30, 1];
    private readonly TemporaryFolder folder = new();

    public static TheoryData<HeadKind> Heads => [.. Enum.GetValues<HeadKind>()];

    [Theory]
    [MemberData(nameof(Heads))]
    public void A_saved_model_gives_the_same_bits(HeadKind kind)
    {
        var head = new HeadOptions(kind, kind.ToString().EndsWith("Sigmoid", StringComparison.Ordinal) ? ["no", "yes"] : ["a", "b", "c"], 0.1f);
        string target = folder.File("saved");
        float[] expected;
        using (var model = Load(Fixtures.At("models", "tanh"), head))
        {
            expected = Logits(model);
            Assert.Equal(2, model.NewTensors.Count);
            model.Save(target);
        }

        Assert.Equal(["config.json", "model.safetensors", "vocab.txt"], Directory.GetFiles(target).Select(Path.GetFileName).Order());
        using var again = Load(target, null);
        Assert.Empty(again.NewTensors);
        Assert.Equal(head.Labels, again.Configuration.Head!.Labels);
        Assert.Equal(expected, Logits(again));

        using var file = SafetensorsFile.Open(Path.Combine(target, "model.safetensors"));
        bool pooled = head.Pooling == Pooling.Pooled;
        Assert.Equal(pooled, file.Tensors.ContainsKey("bert.encoder.layer.0.attention.self.key.weight"));
        Assert.Equal(pooled, file.Tensors.ContainsKey("classifier.weight"));
        Assert.Equal(!pooled, file.Tensors.ContainsKey("engine.head.weight"));
        Assert.Equal(!pooled, file.Tensors.ContainsKey("encoder.layer.0.attention.self.key.weight"));
    }

    [Fact]
    public void Every_tensor_is_saved_as_it_was_read()
    {
        string source = Fixtures.At("models", "erf");
        using (var model = Load(source, null))
            model.Save(folder.Path);
        using var before = SafetensorsFile.Open(Path.Combine(source, "model.safetensors"));
        using var after = SafetensorsFile.Open(folder.File("model.safetensors"));
        Assert.Equal(
            before.Tensors.Keys.Where(name => name.StartsWith("bert.", StringComparison.Ordinal)).Select(name => name["bert.".Length..]).Order(),
            after.Tensors.Keys.Order());
        Assert.All(after.Tensors.Keys, name => Assert.Equal(before.ReadFloats("bert." + name), after.ReadFloats(name)));
    }

    [Theory]
    [InlineData("", "weight", "bias", TensorType.F32)]
    [InlineData("bert.", "gamma", "beta", TensorType.F32)]
    [InlineData("model.", "gamma", "beta", TensorType.F16)]
    [InlineData("bert.", "weight", "bias", TensorType.BF16)]
    public void Prefixes_layer_norm_names_and_types_of_all_kinds_are_read(string prefix, string gamma, string beta, TensorType type)
    {
        string source = Fixtures.At("models", "erf");
        Rewrite(source, type, name =>
        {
            if (!name.StartsWith("bert.", StringComparison.Ordinal))
                return name;
            name = prefix + name["bert.".Length..];
            return name.Replace("LayerNorm.weight", "LayerNorm." + gamma, StringComparison.Ordinal)
                .Replace("LayerNorm.bias", "LayerNorm." + beta, StringComparison.Ordinal);
        });
        using var expected = Load(source, null);
        using var model = Load(folder.Path, null);
        double roundoff = type switch { TensorType.F16 => 1.0 / 2048, TensorType.BF16 => 1.0 / 256, _ => 0 };
        foreach (var tensor in expected.Parameters.Tensors)
        {
            // Half precision has denormal numbers below 6e-5: an absolute error of 3e-8.
            var values = expected.ReadParameter(tensor.Name);
            var read = model.ReadParameter(tensor.Name);
            for (int i = 0; i < values.Length; i++)
                Assert.True(Math.Abs((double)read[i] - values[i]) <= roundoff * Math.Abs(values[i]) + (roundoff > 0 ? 3e-8 : 0), tensor.Name);
        }
    }

    [Fact]
    public void A_missing_pooler_is_drawn_only_where_the_head_needs_it()
    {
        Rewrite(Fixtures.At("models", "erf"), TensorType.F32, name => name.Contains("pooler", StringComparison.Ordinal) ? null : name);
        using (var model = Load(folder.Path, new HeadOptions(HeadKind.MeanSigmoid, ["0", "1"])))
        {
            Assert.DoesNotContain(model.Parameters.Tensors, t => t.IsPooler);
            Assert.Throws<ModelException>(() => model.ReadEmbeddings(Pooling.Pooled, new float[1]));
        }

        using var pooled = Load(folder.Path, new HeadOptions(HeadKind.PooledSoftmax, ["0", "1"]));
        Assert.Equal(["classifier.bias", "classifier.weight", "pooler.dense.bias", "pooler.dense.weight"], pooled.NewTensors.Order());
        var drawn = pooled.ReadParameter("pooler.dense.weight");
        Assert.InRange(Norms.Of(drawn) / Math.Sqrt(drawn.Length), 0.018, 0.022);
        Assert.All(pooled.ReadParameter("pooler.dense.bias"), value => Assert.Equal(0f, value));
    }

    [Fact]
    public void New_heads_are_decided_by_the_seed()
    {
        float[] Weights(ulong seed)
        {
            using var model = BertModel.Load(
                devices.Get("cpu"), Fixtures.At("models", "erf"), new HeadOptions(HeadKind.ClsSoftmax, ["a", "b"]), seed, new BatchLimits(8, 1));
            return model.ReadParameter("engine.head.weight");
        }

        Assert.Equal(Weights(1), Weights(1));
        Assert.NotEqual(Weights(1), Weights(2));
    }

    [Theory]
    [InlineData("bert.encoder.layer.1.output.dense.bias", "is missing, expected with shape [32]")]
    [InlineData("bert.embeddings.word_embeddings.weight", "expected the weights of a BERT")]
    public void A_missing_tensor_is_named(string missing, string expected)
    {
        Rewrite(Fixtures.At("models", "erf"), TensorType.F32, name => name == missing ? null : name);
        AssertRefused(expected, missing["bert.".Length..]);
    }

    [Theory]
    [InlineData("\"intermediate_size\": 128", "\"intermediate_size\": 127", "has shape [128, 32], expected [127, 32] by config.json")]
    [InlineData("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", "belongs to a layer that config.json does not have")]
    [InlineData("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", "\"bert.encoder.layer.2.attention.self.query.weight\" is missing")]
    [InlineData("\"vocab_size\": 256", "\"vocab_size\": 300", "has shape [256, 32], expected [300, 32]")]
    public void Weights_that_do_not_fit_the_configuration_are_refused(string part, string replacement, string expected)
    {
        Rewrite(Fixtures.At("models", "erf"), TensorType.F32, name => name);
        string text = File.ReadAllText(folder.File("config.json"));
        Assert.Contains(part, text, StringComparison.Ordinal);
        folder.Write("config.json", text.Replace(part, replacement, StringComparison.Ordinal));
        AssertRefused(expected, "model.safetensors");
    }

    [Fact]
    public void Wrong_batches_are_one_clear_error()
    {
        using var model = Load(Fixtures.At("models", "erf"), null);
        void Refused(string expected, int[] ids, int[] segments) => Assert.Contains(
            expected,
            Assert.Throws<ModelException>(() => model.Forward(new PackedBatch(ids, segments, (int[])[0, ids.Length], default))).Message,
            StringComparison.Ordinal);
        Refused("token id 256, expected 0 to 255", [1, 256], [0, 0]);
        Refused("token id -1", [-1, 2], [0, 0]);
        Refused("segment 2, expected 0 to 1", [1, 2], [0, 2]);
        Refused("65 tokens, expected 1 to 64", new int[65], new int[65]);
        Assert.Throws<ArgumentException>(() => model.Forward(new PackedBatch(new int[101], new int[101], (int[])[0, 50, 101], default)));
    }

    public void Dispose() => folder.Dispose();

    private BertModel Load(string path, HeadOptions? head) => BertModel.Load(devices.Get("cpu"), path, head, 3, new BatchLimits(100, 3));

    private static float[] Logits(BertModel model)
    {
        model.Forward(Batches.Random(model.Configuration, Lengths, 8));
        var logits = new float[Lengths.Length * model.Configuration.Head!.Outputs];
        model.ReadLogits(logits);
        return logits;
    }

    private void Rewrite(string source, TensorType type, Func<string, string?> rename) => RewrittenModel.Write(source, folder, type, rename);

    private void AssertRefused(params string[] expected)
    {
        var exception = Assert.Throws<ModelException>(() => Load(folder.Path, null).Dispose());
        Assert.All(expected, text => Assert.Contains(text, exception.Message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', exception.Message);
    }
}
