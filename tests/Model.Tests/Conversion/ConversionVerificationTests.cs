using Engine.Model.Checkpoints;
using Xunit;

namespace Engine.Model.Tests.Conversion;

/// <summary>What a conversion's check accepts and what it finds.</summary>
[Collection(ModelDevices.Collection)]
public sealed class ConversionVerificationTests(ModelDevices devices)
{
    private const string Query = "bert.encoder.layer.1.attention.self.query.weight";
    private const string Key = "bert.encoder.layer.1.attention.self.key.weight";

    [Theory]
    [InlineData(TensorType.F32)]
    [InlineData(TensorType.F16)]
    [InlineData(TensorType.BF16)]
    public void A_faithful_copy_agrees(TensorType type)
    {
        using var copy = new AlteredCopy(type);
        var outputs = copy.Compare(devices);
        Assert.Equal(["embeddings", "layer 0", "layer 1", "layer 2", "pooled output", "masked-word logits", "next-sentence logits"], outputs.Select(output => output.Name));
        Assert.All(outputs, output => Assert.True(output.Agrees, output.ToString()));

        // A weight is moved by up to 2^-11 or 2^-8 of itself; what is left of it in a sum of many is of that size.
        Assert.All(outputs, output => Assert.True(type switch
        {
            TensorType.F16 => output.Rounding is > 1e-5 and < 5e-3,
            TensorType.BF16 => output.Rounding is > 1e-4 and < 4e-2,
            _ => output.Rounding is null,
        }, output.ToString()));
    }

    [Theory]
    [InlineData("swapped", 1)]
    [InlineData("transposed", 1)]
    [InlineData("norm of another layer", 2)]
    [InlineData("segments in another order", -1)]
    [InlineData("one weight", 1)]
    [InlineData("not rounded", -1)]
    public void A_fault_is_found_where_it_is(string fault, int layer)
    {
        using var copy = new AlteredCopy(fault == "not rounded" ? TensorType.F16 : TensorType.F32);
        switch (fault)
        {
            case "swapped":
                (copy.Weights[Query], copy.Weights[Key]) = (copy.Weights[Key], copy.Weights[Query]);
                break;
            case "transposed":
                int width = copy.Configuration.HiddenSize;
                copy.Weights[Query] = [.. copy.Weights[Query].Select((_, i) => copy.Weights[Query][((i % width) * width) + (i / width)])];
                break;
            case "norm of another layer":
                copy.Weights["bert.encoder.layer.2.output.LayerNorm.bias"] = copy.Weights["bert.encoder.layer.1.output.LayerNorm.bias"];
                break;
            case "segments in another order":
                Array.Reverse(copy.Weights["bert.embeddings.token_type_embeddings.weight"]);
                break;
            case "one weight":
                copy.Weights[Key][7] += 0.01f;
                break;
            default:
                copy.WrittenType = TensorType.F32;
                break;
        }

        var wrong = copy.Compare(devices).First(output => !output.Agrees);
        Assert.Equal(layer < 0 ? "embeddings" : $"layer {layer}", wrong.Name);
    }

    [Theory]
    [InlineData("num_attention_heads", 4, "layer 0")]
    [InlineData("hidden_act", "gelu", "layer 0")]
    [InlineData("layer_norm_eps", 1e-5, "embeddings")]
    public void A_wrong_configuration_is_found(string field, object value, string output)
    {
        using var copy = new AlteredCopy(TensorType.F32);
        copy.Set(field, value);
        Assert.Equal(output, copy.Compare(devices).First(one => !one.Agrees).Name);
    }

    [Fact]
    public void A_missing_layer_is_found()
    {
        using var copy = new AlteredCopy(TensorType.F32);
        foreach (string name in copy.Weights.Keys.Where(name => name.Contains(".layer.2.", StringComparison.Ordinal)).ToArray())
            copy.Weights.Remove(name);
        copy.Set("num_hidden_layers", 2);
        Assert.Contains("layer 2", Assert.Throws<ModelException>(() => copy.Compare(devices)).Message, StringComparison.Ordinal);
    }
}
