using System.Runtime.InteropServices;
using Engine.Model.Checkpoints;
using Engine.Model.Checkpoints.TensorFlow;
using Engine.Model.Tests.Data;
using Engine.Shared;
using Xunit;

namespace Engine.Model.Tests.Checkpoints.TensorFlow;

public sealed class TensorBundleTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string Prefix => folder.File("model.ckpt");

    public static TheoryData<string, int> Fixture => new()
    {
        { "tf1/bert_model.ckpt", 46 },
        { "tf1-training/bert_model.ckpt", 141 },
        { "tf1-two-shards/bert_model.ckpt", 46 },
        { "hub-tf1/variables/variables", 46 },
        { "hub-v2/variables/variables", 41 },
        { "hub-v4/variables/variables", 46 },
        { "hub-v4-no-mlm/variables/variables", 41 },
        { "garden/bert_model.ckpt-1", 46 },
        { "keras-fine-tuned/variables/variables", 43 },
        { "preprocess-v3/variables/variables", 3 },
    };

    [Theory]
    [MemberData(nameof(Fixture))]
    public void Every_tensor_that_TensorFlow_wrote_is_read_with_its_checksum(string prefix, int count)
    {
        using var bundle = TensorBundle.Open(Fixtures.At(["checkpoints", .. prefix.Split('/')]));
        foreach (var tensor in bundle.Tensors.Values)
        {
            if (tensor.Type == TensorType.String)
                Assert.NotEmpty(Assert.Single(bundle.ReadStrings(tensor.Name)));
            else
                bundle.Read(tensor.Name, new byte[tensor.ByteCount]);
        }

        Assert.Equal(count, bundle.Tensors.Count);
    }

    [Fact]
    public void Two_shards_hold_what_one_holds()
    {
        using var one = TensorBundle.Open(Fixtures.At("checkpoints", "tf1", "bert_model.ckpt"));
        using var two = TensorBundle.Open(Fixtures.At("checkpoints", "tf1-two-shards", "bert_model.ckpt.data-00001-of-00002"));
        Assert.Equal(one.Tensors.Keys.Order(), two.Tensors.Keys.Order());
        Assert.Equal(3, two.Files.Count(File.Exists));
        foreach (string name in one.Tensors.Keys)
            Assert.Equal(Floats(one, name), Floats(two, name));
    }

    [Theory]
    [InlineData(false, 1 << 18)]
    [InlineData(true, 1 << 18)]
    [InlineData(false, 100)]
    [InlineData(true, 100)]
    public void Blocks_of_any_size_and_compression_are_read(bool isCompressed, int blockBytes)
    {
        var random = new Random(3);
        var expected = new Dictionary<string, float[]>();
        using (var writer = new BundleWriter(Prefix, 3))
        {
            writer.Add("flag", 10, [], [1]); // one byte: what follows is not aligned
            for (int i = 0; i < 200; i++)
            {
                var values = new float[i];
                foreach (ref float value in values.AsSpan())
                    value = random.NextSingle();
                expected.Add($"layer_{i / 7}/some/long/name/{i}", values);
                writer.Add($"layer_{i / 7}/some/long/name/{i}", [i], values, i % 3);
            }

            writer.AddStrings("texts", [2, 2], "one"u8.ToArray(), [], "three"u8.ToArray(), new byte[300]);
            writer.Finish(isCompressed, blockBytes);
        }

        using var bundle = TensorBundle.Open(Prefix + ".index");
        Assert.Equal(202, bundle.Tensors.Count);
        foreach (var (name, values) in expected)
            Assert.Equal(values, Floats(bundle, name));
        Assert.Equal(["one"u8.ToArray(), [], "three"u8.ToArray(), new byte[300]], bundle.ReadStrings("texts"));
        Assert.Equal(TensorType.Bool, bundle.Tensors["flag"].Type);
    }

    public void Dispose() => folder.Dispose();

    private static float[] Floats(TensorBundle bundle, string name)
    {
        var values = new float[bundle.Tensors[name].Count];
        bundle.Read(name, MemoryMarshal.AsBytes(values.AsSpan()));
        return values;
    }
}
