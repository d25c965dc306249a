using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Checkpoints.TensorFlow;
using Engine.Model.Conversion.Verification;
using Engine.Model.Tests.Reference;
using Xunit;

namespace Engine.Model.Tests.Conversion;

/// <summary>The double-precision encoder that conversions are checked with, itself against PyTorch and TensorFlow.</summary>
public sealed class ReferenceEncoderTests
{
    /// <summary>The reference's arrays are stored in single precision, each element within half a unit of its last place: so is the norm. The rest is 1e-14.</summary>
    private const double Tolerance = 6e-8;

    /// <summary>
    /// TensorFlow computed in single precision. About 40 roundings of 2^-24 / sqrt(3) follow one another through two layers and a decoder, which is
    /// 2.2e-7 where they are independent; what TensorFlow errs by was 2.9e-7 to 5.9e-7.
    /// </summary>
    private const double TensorFlowTolerance = 1e-6;

    [Theory]
    [InlineData("erf", 4, GeluForm.Erf)]
    [InlineData("tanh", 3, GeluForm.Tanh)]
    [InlineData("wide", 2, GeluForm.Erf)]
    public void Equals_PyTorch_in_double_precision(string name, int heads, GeluForm gelu)
    {
        using var model = new ReferenceModel(name);
        using var source = SafetensorsFile.Open(model.Weights.Path);
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

    [Theory]
    [InlineData("tf1/bert_model.ckpt")]
    [InlineData("tf1-training/bert_model.ckpt")]
    [InlineData("tf1-two-shards/bert_model.ckpt")]
    [InlineData("hub-tf1/variables/variables")]
    [InlineData("hub-v2/variables/variables")]
    [InlineData("hub-v4/variables/variables")]
    [InlineData("hub-v4-no-mlm/variables/variables")]
    [InlineData("garden/bert_model.ckpt-1")]
    [InlineData("keras-fine-tuned/variables/variables")]
    public void Equals_TensorFlow(string checkpoint)
    {
        using var source = TensorBundle.Open(Fixtures.At("checkpoints", checkpoint));
        var expected = new TensorFlowOutputs();
        var outputs = Run(source, 4, GeluForm.Tanh, expected.Batch, expected.MaskedTokens);
        string[] heads = checkpoint.Split('/')[0] switch
        {
            "tf1" or "tf1-training" or "tf1-two-shards" or "hub-tf1" => [ModelOutput.MaskedLogits, ModelOutput.NextSentenceLogits],
            "hub-v4" or "garden" => [ModelOutput.MaskedLogits],
            _ => [],
        };
        Assert.Equal([ModelOutput.Embeddings, ModelOutput.Layer(0), ModelOutput.Layer(1), ModelOutput.Pooled, .. heads], outputs.Keys);
        foreach (var (name, values) in expected.Outputs.Where(output => outputs.ContainsKey(output.Key)))
            Assert.InRange(Distance(values, outputs[name]), 0, TensorFlowTolerance);
    }

    [Fact]
    public void The_other_GELU_is_seen()
    {
        using var model = new ReferenceModel("erf");
        using var source = SafetensorsFile.Open(model.Weights.Path);
        var outputs = Run(source, 4, GeluForm.Tanh, model.Batch(null), [0]);
        var expected = model.Pack(model.Reference.ReadFloats("out.hidden.1"), 32);
        Assert.True(Distance(expected, outputs[ModelOutput.Layer(0)]) > 1e-5);
    }

    internal static Dictionary<string, double[]> Run(ITensorSource source, int? heads, GeluForm gelu, PackedBatch batch, int[] maskedTokens)
    {
        var objects = source is TensorBundle bundle ? CheckpointObjects.Read(bundle, null) : null;
        var names = objects?.Variables.Select(variable => KeyValuePair.Create(variable.FullName, variable.Key))
            ?? source.Tensors.Keys.Select(name => KeyValuePair.Create(name, name));
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
