using System.Globalization;
using Engine.Model.Checkpoints;
using Engine.Model.Checkpoints.TensorFlow;
using Engine.Model.Conversion;
using Engine.Shared;
using Xunit;

namespace Engine.Model.Tests.Conversion;

/// <summary>
/// The TF1 fixture's encoder under the names and in the graphs that other exports have, of which there are no files here: each converts to the same tensors.
/// </summary>
public sealed class RewrittenCheckpointTests : IDisposable
{
    private const int Float = 1, Half = 19, BFloat16 = 14, Boolean = 10;

    private static readonly string Original = Fixtures.At("checkpoints", "tf1");

    private readonly Conversions conversions = new();
    private readonly TensorBundle source = TensorBundle.Open(Path.Combine(Original, "bert_model.ckpt"));

    public void Dispose()
    {
        source.Dispose();
        conversions.Dispose();
    }

    [Fact]
    public void TF_Hubs_first_names_made_unique()
    {
        string prefix = NewPrefix();
        using (var bundle = new BundleWriter(prefix))
        {
            foreach (var (name, hub) in Encoder().Select(name => (name, HubName(name))))
                bundle.Add($"keras_layer/bert_model/{Old(hub)}{(hub.EndsWith("embeddings", StringComparison.Ordinal) ? "_2" : "")}", Float, Split(hub, name), Bytes(name));
            bundle.Finish();
        }

        AssertSame(prefix);
    }

    [Fact]
    public void A_list_of_variables_without_names()
    {
        var checkpoint = new ObjectCheckpoint();
        int i = 0;
        foreach (string name in Encoder())
        {
            string number = (i++).ToString(CultureInfo.InvariantCulture);
            checkpoint.Add(["_all_variables", number], $"Variable_{number}", Float, Split(HubName(name), name), Bytes(name));
        }

        checkpoint.Add(["do_lower_case"], "Variable", Boolean, [], [0]);
        string prefix = NewPrefix();
        checkpoint.Write(prefix);
        string folder = AssertSame(prefix);
        Assert.Contains("order of TF-Hub's encoders", (string?)Conversions.Json(folder, "conversion.json")["notes"]![0], StringComparison.Ordinal);
        Assert.False((bool)Conversions.Json(folder, "tokenizer_config.json")["do_lower_case"]!);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Model_Gardens_places_without_names(bool attributes)
    {
        var checkpoint = new ObjectCheckpoint();
        foreach (string name in Encoder())
            checkpoint.Add([.. GardenPlace(name, attributes).Split('/').Prepend("encoder")], "", Float, Split(HubName(name), name), Bytes(name));
        checkpoint.Add(["save_counter"], "save_counter", 9, [], new byte[8]);
        string prefix = NewPrefix();
        checkpoint.Write(prefix);
        AssertSame(prefix);
    }

    [Theory]
    [InlineData(Half)]
    [InlineData(BFloat16)]
    public void Sixteen_bits_are_widened_exactly(int type)
    {
        string prefix = NewPrefix();
        using (var bundle = new BundleWriter(prefix, 2))
        {
            int i = 0;
            foreach (string name in Encoder())
                bundle.Add(name, type, [.. source.Tensors[name].Shape], Narrowed(name, type), i++ % 2);
            bundle.Finish();
        }

        string folder = conversions.Of(prefix, Options);
        using var written = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        foreach (var (name, target) in new[] { ("bert/embeddings/word_embeddings", "embeddings.word_embeddings.weight"), ("bert/encoder/layer_1/attention/self/key/bias", "encoder.layer.1.attention.self.key.bias") })
            Assert.Equal(Widened(Narrowed(name, type), type), written.ReadFloats(target));
        var kernel = Widened(Narrowed("bert/encoder/layer_0/intermediate/dense/kernel", type), type);
        var weight = written.ReadFloats("encoder.layer.0.intermediate.dense.weight");
        Assert.Equal(kernel, Enumerable.Range(0, kernel.Length).Select(i => weight[i % 128 * 32 + i / 128]));

        // Back to the type that it came in, nothing changes.
        string again = conversions.Of(prefix, Options with { Type = type == Half ? TensorType.F16 : TensorType.BF16 });
        using var narrow = SafetensorsFile.Open(Path.Combine(again, "model.safetensors"));
        Assert.Equal(weight, narrow.ReadFloats("encoder.layer.0.intermediate.dense.weight"));
    }

    [Theory]
    [InlineData(1, false, true, HeadKind.ClsSigmoid)]
    [InlineData(1, true, false, HeadKind.PooledSigmoid)]
    [InlineData(3, true, true, HeadKind.ClsSoftmax)]
    [InlineData(3, false, false, HeadKind.PooledSoftmax)]
    public void Keras_weights_around_a_hub_layer(int outputs, bool hasDropout, bool takesFirst, HeadKind kind)
    {
        string prefix = NewPrefix();
        KerasWeights(outputs, hasDropout, takesFirst).Write(prefix);
        string folder = AssertSame(prefix, HeadTensors(kind));
        var head = BertConfiguration.Load(folder).Head!;
        Assert.Equal((kind, outputs), (head.Kind, head.Outputs));
        using var written = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        var weight = written.ReadFloats(ParameterLayout.HeadName(head) + ".weight");
        Assert.Equal(Enumerable.Range(0, 32 * outputs).Select(i => (float)(i % 32 * outputs + i / 32)), weight);
        var record = Conversions.Json(folder, "conversion.json");
        Assert.Contains("assumed", (string?)record["notes"]![0], StringComparison.Ordinal);
        Assert.Contains(record["left_out"]!.AsArray(), group => (string?)group!["reason"] == "optimizer slots" && (int)group["count"]! == 2);

        // What was assumed can be said otherwise, or not wanted.
        var other = takesFirst ? Pooling.Pooled : Pooling.Cls;
        Assert.Equal(other, BertConfiguration.Load(conversions.Of(prefix, Options with { ClassifierState = other })).Head!.Pooling);
        Assert.Null(BertConfiguration.Load(conversions.Of(prefix, Options with { KeepClassifier = false })).Head);
    }

    [Fact]
    public void Two_dense_layers_are_left_out_and_named()
    {
        var checkpoint = KerasWeights(1, false, false);
        checkpoint.Add(["layer_with_weights-2", "kernel"], "dense_1/kernel", Float, [1, 1], new byte[4]);
        checkpoint.Add(["layer_with_weights-2", "bias"], "dense_1/bias", Float, [1], new byte[4]);
        string prefix = NewPrefix();
        checkpoint.Write(prefix);
        string folder = AssertSame(prefix);
        Assert.Null(BertConfiguration.Load(folder).Head);
        Assert.Contains(Conversions.Json(folder, "conversion.json")["left_out"]!.AsArray(), group => ((string?)group!["reason"])!.StartsWith("2 dense layers", StringComparison.Ordinal));
    }

    [Fact]
    public void An_identity_pooler_is_told()
    {
        string prefix = NewPrefix();
        var identity = new float[32 * 32];
        for (int i = 0; i < 32; i++)
            identity[33 * i] = 1;
        using (var bundle = new BundleWriter(prefix))
        {
            foreach (string name in Encoder())
                bundle.Add(name, Float, [.. source.Tensors[name].Shape], name.EndsWith("pooler/dense/kernel", StringComparison.Ordinal) ? Engine(identity) : Bytes(name));
            bundle.Finish();
        }

        using var conversion = CheckpointConversion.Open(prefix, Options);
        Assert.Contains("the pooler is the identity", Assert.Single(conversion.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_without_a_pooler_converts_and_without_a_layer_does_not()
    {
        string prefix = Subset(name => !name.Contains("pooler", StringComparison.Ordinal));
        string folder = conversions.Of(prefix, Options);
        using (var written = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors")))
            Assert.Equal(37, written.Tensors.Count);
        AssertRefused(Subset(name => !name.Contains("layer_0", StringComparison.Ordinal)), "encoder layer 0 is missing");
        AssertRefused(Subset(name => !name.EndsWith("layer_1/output/dense/kernel", StringComparison.Ordinal)), "encoder.layer.1.output.dense.weight", "incomplete");
        AssertRefused(Subset(name => name.Contains("pooler", StringComparison.Ordinal)), "embeddings.word_embeddings.weight", "2 tensors");
    }

    [Theory]
    [InlineData("bert/encoder/embedding_hidden_mapping_in/kernel", "an ALBERT")]
    [InlineData("bert/encoder/transformer/group_0/inner_group_0/attention_1/self/key/kernel", "an ALBERT")]
    [InlineData("discriminator_predictions/dense/kernel", "an ELECTRA")]
    [InlineData("electra/encoder/layer_0/attention/self/key/kernel", "an ELECTRA")]
    [InlineData("tf_distil_bert_model/distilbert/transformer/layer_._0/attention/q_lin/kernel", "a DistilBERT")]
    public void Relatives_of_BERT_are_refused_by_name(string name, string what)
    {
        string prefix = NewPrefix();
        using (var bundle = new BundleWriter(prefix))
        {
            foreach (string own in Encoder())
                bundle.Add(own, Float, [.. source.Tensors[own].Shape], Bytes(own));
            bundle.Add(name, Float, [1], new byte[4]);
            bundle.Finish();
        }

        AssertRefused(prefix, what, "expected a BERT");
    }

    [Fact]
    public void Two_encoders_are_refused()
    {
        string prefix = NewPrefix();
        using (var bundle = new BundleWriter(prefix))
        {
            foreach (string name in Encoder())
            {
                bundle.Add(name, Float, [.. source.Tensors[name].Shape], Bytes(name));
                bundle.Add("teacher/" + name, Float, [.. source.Tensors[name].Shape], Bytes(name));
            }

            bundle.Finish();
        }

        AssertRefused(prefix, "would both become", "expected one BERT");
    }

    private static ConversionOptions Options => new() { Flush = false, Heads = 4, Vocabulary = Path.Combine(Original, "vocab.txt") };

    private static string[] HeadTensors(HeadKind kind) => kind is HeadKind.ClsSigmoid or HeadKind.ClsSoftmax
        ? ["engine.head.weight", "engine.head.bias"]
        : ["classifier.weight", "classifier.bias"];

    /// <summary>The encoder's and the pooler's names in the TF1 checkpoint, in the order in which TensorFlow makes them.</summary>
    private static IEnumerable<string> Encoder() =>
    [
        "bert/embeddings/word_embeddings", "bert/embeddings/position_embeddings", "bert/embeddings/token_type_embeddings",
        "bert/embeddings/LayerNorm/gamma", "bert/embeddings/LayerNorm/beta",
        .. Enumerable.Range(0, 2).SelectMany(i => new[]
        {
            "attention/self/query/kernel", "attention/self/query/bias", "attention/self/key/kernel", "attention/self/key/bias", "attention/self/value/kernel",
            "attention/self/value/bias", "attention/output/dense/kernel", "attention/output/dense/bias", "attention/output/LayerNorm/gamma",
            "attention/output/LayerNorm/beta", "intermediate/dense/kernel", "intermediate/dense/bias", "output/dense/kernel", "output/dense/bias",
            "output/LayerNorm/gamma", "output/LayerNorm/beta",
        }.Select(part => $"bert/encoder/layer_{i}/{part}")),
        "bert/pooler/dense/kernel", "bert/pooler/dense/bias",
    ];

    private static string HubName(string name) => name switch
    {
        "bert/embeddings/word_embeddings" => "word_embeddings/embeddings",
        "bert/embeddings/position_embeddings" => "position_embedding/embeddings",
        "bert/embeddings/token_type_embeddings" => "type_embeddings/embeddings",
        _ => name.Replace("bert/", "", StringComparison.Ordinal).Replace("encoder/", "transformer/", StringComparison.Ordinal)
            .Replace("pooler/dense", "pooler_transform", StringComparison.Ordinal).Replace("attention/self/", "self_attention/", StringComparison.Ordinal)
            .Replace("attention/output/dense", "self_attention/attention_output", StringComparison.Ordinal)
            .Replace("attention/output/LayerNorm", "self_attention_layer_norm", StringComparison.Ordinal).Replace("output/LayerNorm", "output_layer_norm", StringComparison.Ordinal)
            .Replace("intermediate/dense", "intermediate", StringComparison.Ordinal).Replace("output/dense", "output", StringComparison.Ordinal)
            .Replace("embeddings/LayerNorm", "embeddings/layer_norm", StringComparison.Ordinal),
    };

    /// <summary>The names of versions 1 and 2 from those of 3 and 4.</summary>
    private static string Old(string hub) => hub switch
    {
        "position_embedding/embeddings" => "embedding_postprocessor/position_embeddings",
        "type_embeddings/embeddings" => "embedding_postprocessor/type_embeddings",
        _ => hub.Replace("transformer/", "encoder/", StringComparison.Ordinal).Replace("self_attention/attention_output", "self_attention_output", StringComparison.Ordinal)
            .Replace("embeddings/layer_norm", "embedding_postprocessor/layer_norm", StringComparison.Ordinal),
    };

    private static string GardenPlace(string name, bool attributes)
    {
        string[] parts = HubName(name).Split('/');
        string leaf = parts[^1];
        string Layer(int number, string attribute) => attributes ? attribute : $"layer_with_weights-{number}";
        return parts[0] switch
        {
            "word_embeddings" => Layer(0, "_embedding_layer") + "/embeddings",
            "position_embedding" => Layer(1, "_position_embedding_layer") + "/embeddings",
            "type_embeddings" => Layer(2, "_type_embedding_layer") + "/embeddings",
            "embeddings" => $"{Layer(3, "_embedding_norm_layer")}/{leaf}",
            "pooler_transform" => $"{Layer(6, "_pooler_layer")}/{leaf}",
            _ => $"{Layer(4 + (parts[1][^1] - '0'), $"_transformer_layers/{parts[1][^1]}")}/" + (parts[2], parts[3]) switch
            {
                ("self_attention", "attention_output") => attributes ? "_attention_layer/_output_dense/" : "_attention_output_dense/",
                ("self_attention", var part) => $"_attention_layer/_{part}_dense/",
                ("self_attention_layer_norm", _) => "_attention_layer_norm/",
                ("intermediate", _) => "_intermediate_dense/",
                ("output", _) => "_output_dense/",
                _ => "_output_layer_norm/",
            } + leaf,
        };
    }

    private static byte[] Engine(float[] values) => System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray();

    private static float[] Widened(byte[] bytes, int type)
    {
        var values = new float[bytes.Length / 2];
        for (int i = 0; i < values.Length; i++)
            values[i] = type == Half ? (float)BitConverter.ToHalf(bytes, 2 * i) : BitConverter.Int32BitsToSingle(BitConverter.ToUInt16(bytes, 2 * i) << 16);
        return values;
    }

    /// <summary>A model saved with save_weights: inputs, the hub layer, perhaps a dropout, perhaps x[:, 0, :], a dense layer, and Adam.</summary>
    private ObjectCheckpoint KerasWeights(int outputs, bool hasDropout, bool takesFirst)
    {
        var checkpoint = new ObjectCheckpoint();
        checkpoint.Touch("layer-0");
        foreach (string name in Encoder())
        {
            string hub = HubName(name);
            checkpoint.Add(["layer_with_weights-0", hub + ":0"], hub, Float, Split(hub, name), Bytes(name));
        }

        checkpoint.Link([], "layer-1", ["layer_with_weights-0"]);
        int place = 2;
        if (takesFirst)
            checkpoint.Touch($"layer-{place++}", "keras_api");
        if (hasDropout)
            checkpoint.Touch($"layer-{place++}", "_random_generator");
        checkpoint.Add(["layer_with_weights-1", "kernel"], "classifier/kernel", Float, [32, outputs], Engine([.. Enumerable.Range(0, 32 * outputs).Select(i => (float)i)]));
        checkpoint.Add(["layer_with_weights-1", "bias"], "classifier/bias", Float, [outputs], new byte[4 * outputs]);
        checkpoint.Link([], $"layer-{place}", ["layer_with_weights-1"]);
        checkpoint.Add(["optimizer", "slots", "m"], "Adam/classifier/kernel/m", Float, [32, outputs], new byte[128 * outputs], isSlot: true);
        checkpoint.Add(["optimizer", "slots", "w"], "Adam/word_embeddings/embeddings", Float, [256, 32], new byte[256 * 32 * 4], isSlot: true);
        return checkpoint;
    }

    private string Subset(Func<string, bool> chosen)
    {
        string prefix = NewPrefix();
        using var bundle = new BundleWriter(prefix);
        foreach (string name in Encoder().Where(chosen))
            bundle.Add(name, Float, [.. source.Tensors[name].Shape], Bytes(name));
        bundle.Finish();
        return prefix;
    }

    /// <summary>The shape of a tensor with heads as a dimension of their own, as TF2 has it.</summary>
    private int[] Split(string hub, string name) => hub switch
    {
        _ when hub.EndsWith("attention_output/kernel", StringComparison.Ordinal) => [4, 8, 32],
        _ when hub.Contains("self_attention/", StringComparison.Ordinal) && hub.EndsWith("kernel", StringComparison.Ordinal) => [32, 4, 8],
        _ when hub.Contains("self_attention/", StringComparison.Ordinal) && !hub.Contains("attention_output", StringComparison.Ordinal) => [4, 8],
        _ => [.. source.Tensors[name].Shape],
    };

    private byte[] Bytes(string name)
    {
        var bytes = new byte[source.Tensors[name].ByteCount];
        source.Read(name, bytes);
        return bytes;
    }

    private byte[] Narrowed(string name, int type)
    {
        var values = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(Bytes(name)).ToArray();
        return [.. values.SelectMany(value => type == Half
            ? BitConverter.GetBytes((Half)value)
            : BitConverter.GetBytes((ushort)(BitConverter.SingleToUInt32Bits(value) >> 16)))];
    }

    private string NewPrefix() => Path.Combine(Directory.CreateDirectory(Path.Combine(conversions.Path, Guid.NewGuid().ToString("N"))).FullName, "model.ckpt");

    private string AssertSame(string prefix, params string[] headTensors)
    {
        string folder = conversions.Of(prefix, Options);
        using var expected = SafetensorsFile.Open(Path.Combine(conversions.OfLayout("tf1"), "model.safetensors"));
        using var actual = SafetensorsFile.Open(Path.Combine(folder, "model.safetensors"));
        string WithoutPrefix(string name) => name.StartsWith("bert.", StringComparison.Ordinal) ? name["bert.".Length..] : name;
        Assert.Equal(
            expected.Tensors.Keys.Where(name => name.StartsWith("bert.", StringComparison.Ordinal)).Select(WithoutPrefix).Concat(headTensors).Order(),
            actual.Tensors.Keys.Select(WithoutPrefix).Order());
        foreach (string name in actual.Tensors.Keys.Except(headTensors))
            Assert.Equal(expected.ReadFloats("bert." + WithoutPrefix(name)), actual.ReadFloats(name));
        return folder;
    }

    private void AssertRefused(string prefix, params string[] expected)
    {
        var exception = Assert.Throws<ModelException>(() => conversions.Of(prefix, Options));
        Assert.All(expected, text => Assert.Contains(text, exception.Message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', exception.Message);
    }
}
