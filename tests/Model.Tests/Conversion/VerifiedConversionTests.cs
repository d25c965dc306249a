using Engine.Model.Checkpoints;
using Engine.Model.Checkpoints.TensorFlow;
using Engine.Model.Conversion;
using Engine.Model.Conversion.Verification;
using Engine.Shared;
using Xunit;

namespace Engine.Model.Tests.Conversion;

/// <summary>Whole conversions, checked before they get their names.</summary>
[Collection(ModelDevices.Collection)]
public sealed class VerifiedConversionTests(ModelDevices devices) : IDisposable
{
    private static readonly string[] Encoder = ["embeddings", "layer 0", "layer 1", "pooled output"];

    private readonly Conversions conversions = new();

    private string Target => Path.Combine(conversions.Path, "out");

    public void Dispose() => conversions.Dispose();

    [Theory]
    [InlineData("tf1", TensorType.F32, "masked-word logits", "next-sentence logits")]
    [InlineData("tf1", TensorType.F16, "masked-word logits", "next-sentence logits")]
    [InlineData("tf1-training", TensorType.F32, "masked-word logits", "next-sentence logits")]
    [InlineData("tf1-two-shards", TensorType.BF16, "masked-word logits", "next-sentence logits")]
    [InlineData("hub-tf1", TensorType.F32, "masked-word logits", "next-sentence logits")]
    [InlineData("hub-v2", TensorType.F32)]
    [InlineData("hub-v2", TensorType.F16)]
    [InlineData("hub-v4", TensorType.F32, "masked-word logits")]
    [InlineData("hub-v4", TensorType.BF16, "masked-word logits")]
    [InlineData("hub-v4-no-mlm", TensorType.F32)]
    [InlineData("keras-fine-tuned", TensorType.F32)]
    [InlineData("keras-fine-tuned", TensorType.BF16)]
    [InlineData("garden", TensorType.F32, "masked-word logits")]
    [InlineData("garden", TensorType.F16, "masked-word logits")]
    public void Every_layout_agrees_in_every_type(string layout, TensorType type, params string[] heads)
    {
        var report = Convert(Fixtures.At("checkpoints", layout), Conversions.OptionsFor(layout) with { Type = type });
        Assert.Equal([.. Encoder, .. heads], report.Outputs.Select(output => output.Name));
        Assert.All(report.Outputs, output => Assert.Equal(type != TensorType.F32, output.Rounding is not null));
        Assert.True(File.Exists(Path.Combine(Target, ModelFolder.WeightsName)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(19)]
    [InlineData(14)]
    public void Checkpoints_of_every_float_type_agree(int tensorFlowType)
    {
        // The index is compressed with Snappy, as old versions of TensorFlow wrote it, and its blocks are small.
        string source = Directory.CreateDirectory(Path.Combine(conversions.Path, "source")).FullName;
        foreach (string name in new[] { "bert_config.json", "vocab.txt" })
            File.Copy(Fixtures.At("checkpoints", "tf1", name), Path.Combine(source, name));
        using (var original = TensorBundle.Open(Fixtures.At("checkpoints", "tf1", "bert_model.ckpt")))
        using (var copy = new BundleWriter(Path.Combine(source, "bert_model.ckpt"), shardCount: 3))
        {
            int shard = 0;
            foreach (var tensor in original.Tensors.Values)
            {
                var bytes = new byte[tensor.ByteCount];
                original.Read(tensor.Name, bytes);
                copy.Add(tensor.Name, tensorFlowType, [.. tensor.Shape], Narrow(bytes, tensorFlowType), shard++ % 3);
            }

            copy.Finish(isCompressed: true, blockBytes: 256);
        }

        var report = Convert(source, new ConversionOptions { Flush = false });
        Assert.Equal(6, report.Outputs.Count);
    }

    [Fact]
    public void A_conversion_that_is_wrong_is_not_put_in_place()
    {
        // A weight becomes -2 or less, as by a mistake of the conversion: the last byte of a little-endian float holds its sign and most of its exponent.
        var error = Assert.Throws<ModelException>(() => Convert(Fixtures.At("models", "tanh"), new ConversionOptions { Flush = false }, written =>
        {
            using var file = File.OpenWrite(Path.Combine(written, ModelFolder.WeightsName));
            file.Seek(-997, SeekOrigin.End);
            file.WriteByte(0xC0);
        }));
        Assert.Contains("the first output that is wrong", error.Message, StringComparison.Ordinal);
        Assert.Contains("nothing was written", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(conversions.Path));
    }

    /// <summary>The upper bytes of every float, as bfloat16 has them, or the nearest half-precision number.</summary>
    private static byte[] Narrow(byte[] floats, int tensorFlowType) => tensorFlowType switch
    {
        14 => [.. floats.Chunk(4).SelectMany(value => value[2..])],
        19 => [.. floats.Chunk(4).SelectMany(value => BitConverter.GetBytes((Half)BitConverter.ToSingle(value)))],
        _ => floats,
    };

    private VerificationReport Convert(string source, ConversionOptions options, Action<string>? change = null)
    {
        VerificationReport? report = null;
        using var conversion = CheckpointConversion.Open(source, options);
        conversion.Write(Target, check: written =>
        {
            change?.Invoke(written);
            report = conversion.Verify(written, devices.Get("cpu"), 1);
            report.RequireAgreement();
        });
        return report!;
    }
}
