using Engine.Model.Checkpoints;
using Engine.Model.Checkpoints.TensorFlow;
using Engine.Model.Conversion;
using Engine.Model.Conversion.TensorFlow;
using Xunit;

namespace Engine.Model.Tests.Conversion;

/// <summary>
/// Which of the encoder's outputs a dense layer sees, by descriptions as Keras's versions write them: layers of keras_metadata.pb of TensorFlow 2.20 (by hand: 2.3
/// and before), around an encoder of two layers.
/// </summary>
public sealed class KerasClassifierTests
{
    private const string Inputs = """{"class_name":"InputLayer","config":{"name":"ids"},"name":"ids","inbound_nodes":[]}""";
    private const string Named = """{"class_name":"KerasLayer","config":{"name":"bert"},"name":"bert","inbound_nodes":[{"input_word_ids":["ids",0,0,{}]}]}""";
    private const string Listed = """{"class_name":"KerasLayer","config":{"name":"bert"},"name":"bert","inbound_nodes":[[["ids",0,0,{}],["ids",0,0,{}]]]}""";

    [Theory]
    [InlineData(Named, 0, Pooling.Pooled)]
    [InlineData(Named, 3, Pooling.Pooled)]
    [InlineData(Named, 4, null)]
    [InlineData(Named, 1, null)]
    [InlineData(Listed, 0, Pooling.Pooled)]
    [InlineData(Listed, 1, null)]
    public void Outputs_without_a_slice(string encoder, int output, Pooling? expected) =>
        Check(expected, 0f, encoder, Dense($"[[[\"bert\",0,{output},{{}}]]]"));

    [Theory]
    [InlineData(Named, 4, 0, Pooling.Cls)]
    [InlineData(Named, 2, 0, Pooling.Cls)]
    [InlineData(Named, 4, 1, null)]
    [InlineData(Named, 1, 0, null)]
    [InlineData(Listed, 1, 0, Pooling.Cls)]
    [InlineData(Listed, 0, 0, null)]
    public void The_first_tokens_state(string encoder, int output, int token, Pooling? expected) => Check(
        expected,
        0.25f * (expected is null ? 0 : 1),
        encoder,
        Slice($"[[\"bert\",0,{output},{{\"slice_spec\":{{\"class_name\":\"__tuple__\",\"items\":[{{\"start\":null}},{token},{{\"start\":null}}]}}}}]]"),
        """{"class_name":"Dropout","config":{"name":"dropout","rate":0.25},"name":"dropout","inbound_nodes":[[["slice",0,0,{}]]]}""",
        Dense("""[[["dropout",0,0,{}]]]"""));

    [Fact]
    public void The_operation_that_TensorFlow_2_3_has_for_a_slice() => Check(
        Pooling.Cls,
        0f,
        Listed,
        """
        {"class_name":"TensorFlowOpLayer","config":{"name":"slice","node_def":{"op":"StridedSlice"},"constants":{"1":[0,0,0],"2":[0,1,0],"3":[1,1,1]}},
         "name":"slice","inbound_nodes":[[["bert",0,1,{}]]]}
        """,
        Dense("""[[["slice",0,0,{}]]]"""));

    [Theory]
    [InlineData("relu", 1, false)]
    [InlineData("sigmoid", 1, true)]
    [InlineData("linear", 1, true)]
    [InlineData("sigmoid", 3, false)]
    [InlineData("softmax", 3, true)]
    public void Activations(string activation, int outputs, bool fits)
    {
        var (found, leftOut) = Find(outputs, Named, Dense("""[[["bert",0,3,{}]]]""", activation));
        Assert.Equal(fits, found is not null);
        Assert.Equal(!fits, leftOut is not null);
    }

    [Fact]
    public void A_mean_over_all_tokens_is_no_head_of_ours()
    {
        var (found, leftOut) = Find(
            1, Named, """{"class_name":"GlobalAveragePooling1D","config":{"name":"mean"},"name":"mean","inbound_nodes":[[["bert",0,4,{}]]]}""", Dense("""[[["mean",0,0,{}]]]"""));
        Assert.Null(found);
        Assert.Contains("GlobalAveragePooling1D", leftOut!.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[1]")]
    [InlineData("""{"config":{"layers":5}}""")]
    public void What_describes_no_layers_is_passed_over(string json) => Assert.Null(KerasLayers.Parse(json));

    private static string Dense(string inbound, string activation = "sigmoid") =>
        $$$"""{"class_name":"Dense","config":{"name":"out","activation":"{{{activation}}}"},"name":"out","inbound_nodes":{{{inbound}}}}""";

    private static string Slice(string inbound) => $$$"""{"class_name":"SlicingOpLambda","config":{"name":"slice"},"name":"slice","inbound_nodes":{{{inbound}}}}""";

    private static void Check(Pooling? expected, float dropout, params string[] layers)
    {
        var (found, leftOut) = Find(1, layers);
        Assert.Equal(expected, found?.Head.Pooling);
        Assert.Equal(expected is null, leftOut is not null);
        if (found is not null)
            Assert.Equal(dropout, found.Head.Dropout);
    }

    private static (SourceClassifier? Found, LeftOut? LeftOut) Find(int outputs, params string[] layers)
    {
        var parsed = KerasLayers.Parse($$$"""{"config":{"layers":[{{{Inputs}}},{{{string.Join(',', layers)}}}]}}""");
        Assert.NotNull(parsed);
        (SourceVariable, CheckpointVariable) Part(string leaf, params int[] shape)
        {
            var path = ObjectPath.Root.To("layer_with_weights-1").To(leaf);
            var entry = new TensorEntry(leaf, TensorType.F32, "FLOAT", shape, 0, 4L * shape.Aggregate(1, (product, size) => product * size));
            return (new SourceVariable(entry), new CheckpointVariable(leaf, $"out/{leaf}", null, false, [path]));
        }

        return KerasClassifier.Find(
            [Part("kernel", 32, outputs), Part("bias", outputs)], 32, 2, parsed, _ => throw new InvalidOperationException("the layers are described"));
    }
}
