using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Conversion.Verification;
using Engine.Model.Tests.Reference;
using Xunit;

namespace Engine.Model.Tests.Conversion;

/// <summary>The double-precision encoder that conversions are checked with, itself against PyTorch in double precision.</summary>
public sealed class ReferenceEncoderTests
{
    /// <summary>The reference's arrays are stored in single precision, each element within half a unit of its last place: so is the norm. The rest is 1e-14.</summary>
    private const double Tolerance = 6e-8;

    [Theory]
    [InlineData("erf", 4, GeluForm.Erf)]
    [InlineData("tanh", 3, GeluForm.Tanh)]
    [InlineData("wide", 2, GeluForm.Erf)]
    public void Equals_PyTorch_in_double_precision(string name, int heads, GeluForm gelu)
    {
        using var model = new ReferenceModel(name);
        using var source = new SafetensorsSource(model.Weights.Path);
        var batch = model.Batch(null);
        var outputs = Run(source, heads, gelu, batch, [.. Enumerable.Range(0, batch.TokenCount)]);

        float[] Expected(string key) => model.Reference.ReadFloats(key);
        float[] Packed(string key) => model.Pack(Expected(key), model.Reference.Tensors[key].Shape[^1]);
        int layers = outputs.Keys.Count(output => output.StartsWith("layer", StringComparison.Ordinal));
        Assert.Equal(model.Reference.Tensors.Keys.Count(key => key.StartsWith("out.hidden.", StringComparison.Ordinal)), layers + 1);
        AssertNear(Packed("out.hidden.0"), outputs[ModelOutput.Embeddings]);
        for (int i = 0; i < layers; i++)
            AssertNear(Packed($"out.hidden.{i + 1}"), outputs[ModelOutput.Layer(i)]);
        AssertNear(Expected("out.pooled"), outputs[ModelOutput.Pooled]);
        AssertNear(Packed("pretraining.mlm_logits"), outputs[ModelOutput.MaskedLogits]);
        AssertNear(Expected("pretraining.nsp_logits"), outputs[ModelOutput.NextSentenceLogits]);
    }

    [Fact]
    public void The_other_GELU_is_seen()
    {
        using var model = new ReferenceModel("erf");
        using var source = new SafetensorsSource(model.Weights.Path);
        var outputs = Run(source, 4, GeluForm.Tanh, model.Batch(null), [0]);
        var expected = model.Pack(model.Reference.ReadFloats("out.hidden.1"), 32);
        Assert.True(Distance(expected, outputs[ModelOutput.Layer(0)]) > 1e-5);
    }

    internal static Dictionary<string, double[]> Run(ITensorSource source, int? heads, GeluForm gelu, PackedBatch batch, int[] maskedTokens)
    {
        var names = source.Tensors.Keys.Select(name => KeyValuePair.Create(name, name));
        var tensors = new ReferenceTensors(source, names, TensorType.F32);
        return new ReferenceEncoder(tensors, new ReferenceSettings(heads, gelu)).Run(batch, maskedTokens).ToDictionary(o => o.Name, o => o.Values);
    }

    internal static double Distance(float[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        return Math.Sqrt(expected.Zip(actual, (e, a) => (e - a) * (e - a)).Sum()) / Norms.Of(expected);
    }

    private static void AssertNear(float[] expected, double[] actual) => Assert.InRange(Distance(expected, actual), 0, Tolerance);
}
