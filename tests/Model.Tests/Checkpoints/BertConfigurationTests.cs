using System.Text.Json.Nodes;
using Engine.Kernels;
using Engine.Model.Tests.Data;
using Xunit;

namespace Engine.Model.Tests.Checkpoints;

public sealed class BertConfigurationTests : IDisposable
{
    private const string Minimal = """
        {"model_type":"bert","vocab_size":100,"hidden_size":32,"num_hidden_layers":2,"num_attention_heads":4,"intermediate_size":64EXTRA}
        """;

    private readonly TemporaryFolder folder = new();

    [Fact]
    public void The_shipped_model_is_described()
    {
        var configuration = BertConfiguration.Load(Fixtures.MiniLm);
        Assert.Equal((30522, 384, 6, 12, 1536), (
            configuration.VocabularySize, configuration.HiddenSize, configuration.LayerCount, configuration.HeadCount, configuration.IntermediateSize));
        Assert.Equal(GeluForm.Erf, configuration.Gelu);
        Assert.Equal(1e-12f, configuration.LayerNormEpsilon);
        Assert.Null(configuration.Head);
    }

    [Theory]
    [InlineData("hub-v4")]
    [InlineData("tf1")]
    public void A_folder_of_TensorFlows_is_to_be_converted_first(string layout)
    {
        string path = Fixtures.At("checkpoints", layout);
        Assert.Contains($"engine convert {path}", Assert.Throws<ModelException>(() => BertConfiguration.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_fields_have_transformers_defaults()
    {
        var configuration = Load("");
        Assert.Equal((512, 2, 0.1f, 0.1f), (
            configuration.MaxPositions, configuration.SegmentCount, configuration.HiddenDropout, configuration.AttentionDropout));
    }

    [Theory]
    [InlineData(",\"hidden_act\":\"gelu_pytorch_tanh\"", GeluForm.Tanh)]
    [InlineData(",\"hidden_act\":\"gelu_new\"", GeluForm.Tanh)]
    [InlineData(",\"hidden_act\":\"gelu\"", GeluForm.Erf)]
    public void Activations_have_their_form_and_keep_their_name(string extra, GeluForm form)
    {
        var configuration = Load(extra);
        Assert.Equal(form, configuration.Gelu);
        configuration.Save(folder.Path);
        Assert.Contains(extra[1..].Replace(":", ": ", StringComparison.Ordinal), File.ReadAllText(Path.Combine(folder.Path, "config.json")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(",\"hidden_act\":\"relu\"", "hidden_act is \"relu\"")]
    [InlineData(",\"position_embedding_type\":\"relative_key\"", "position_embedding_type")]
    [InlineData(",\"is_decoder\":true", "is_decoder")]
    [InlineData(",\"hidden_dropout_prob\":1.0", "hidden_dropout_prob is 1.0")]
    [InlineData(",\"layer_norm_eps\":\"small\"", "layer_norm_eps")]
    [InlineData(",\"max_position_embeddings\":0", "max_position_embeddings is 0, expected an integer from 1")]
    [InlineData(",\"engine_head\":{\"kind\":\"Other\",\"labels\":[\"a\",\"b\"]}", "kind is \"Other\"")]
    [InlineData(",\"engine_head\":{\"kind\":\"ClsSigmoid\",\"labels\":[\"a\"]}", "expected exactly 2")]
    [InlineData(",\"architectures\":[\"BertForSequenceClassification\"],\"problem_type\":\"regression\"", "problem_type is \"regression\"")]
    [InlineData(",\"architectures\":[\"BertForSequenceClassification\"],\"id2label\":{\"0\":\"a\",\"2\":\"b\"}", "id2label")]
    public void A_wrong_field_is_one_clear_error(string extra, string expected)
    {
        var exception = Assert.Throws<ModelException>(() => Load(extra));
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.StartsWith(Path.Combine(folder.Path, "config.json"), exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"vocab_size\":100", "\"vocab_size\":-1", "vocab_size is -1")]
    [InlineData("\"vocab_size\":100,", "", "vocab_size is missing")]
    [InlineData("\"num_attention_heads\":4", "\"num_attention_heads\":5", "a divisor of hidden_size 32")]
    [InlineData("\"num_attention_heads\":4", "\"num_attention_heads\":8", "heads of 8 to 128")]
    [InlineData("\"model_type\":\"bert\"", "\"model_type\":\"roberta\"", "model_type is \"roberta\"")]
    [InlineData("{", "[", "JSON")]
    public void A_wrong_shape_is_one_clear_error(string part, string replacement, string expected)
    {
        string path = Path.Combine(folder.Path, "config.json");
        File.WriteAllText(path, Minimal.Replace("EXTRA", "", StringComparison.Ordinal).Replace(part, replacement, StringComparison.Ordinal));
        var exception = Assert.Throws<ModelException>(() => BertConfiguration.Load(folder.Path));
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_configuration_is_one_clear_error()
    {
        Assert.Contains("no such folder", Assert.Throws<ModelException>(() => BertConfiguration.Load("/nowhere")).Message, StringComparison.Ordinal);
        Assert.Contains("is missing", Assert.Throws<ModelException>(() => BertConfiguration.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(HeadKind.ClsSigmoid, "BertModel")]
    [InlineData(HeadKind.ClsSoftmax, "BertModel")]
    [InlineData(HeadKind.MeanSigmoid, "BertModel")]
    [InlineData(HeadKind.MeanSoftmax, "BertModel")]
    [InlineData(HeadKind.PooledSigmoid, "BertForSequenceClassification")]
    [InlineData(HeadKind.PooledSoftmax, "BertForSequenceClassification")]
    public void Heads_survive_a_round_trip(HeadKind kind, string architecture)
    {
        string[] labels = kind.ToString().EndsWith("Sigmoid", StringComparison.Ordinal) ? ["no", "yes"] : ["a", "b \"quoted\"", "ü"];
        var head = new HeadOptions(kind, labels, 0.25f);
        (Load(",\"unknown\":{\"kept\":[1,2]}") with { Head = head }).Save(folder.Path);
        var json = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Path, "config.json")))!;
        Assert.Equal(architecture, (string?)json["architectures"]![0]);
        Assert.Equal(2, (int)json["unknown"]!["kept"]![1]!);
        Assert.Equal("float32", (string?)json["torch_dtype"]);
        Assert.Equal(0.1, (double)json["hidden_dropout_prob"]!);

        var read = BertConfiguration.Load(folder.Path).Head!;
        Assert.Equal((head.Kind, head.Dropout), (read.Kind, read.Dropout));
        Assert.Equal(labels, read.Labels);
        if (kind == HeadKind.PooledSigmoid)
        {
            // transformers makes the classifier as wide as id2label is long.
            Assert.Single(json["id2label"]!.AsObject());
            Assert.Equal("yes", (string?)json["id2label"]!["0"]);
        }
    }

    public void Dispose() => folder.Dispose();

    private BertConfiguration Load(string extra)
    {
        File.WriteAllText(Path.Combine(folder.Path, "config.json"), Minimal.Replace("EXTRA", extra, StringComparison.Ordinal));
        return BertConfiguration.Load(folder.Path);
    }
}
