using System.Buffers.Binary;
using System.Text;
using Engine.Model.Checkpoints;
using Engine.Model.Tests.Data;
using Xunit;

namespace Engine.Model.Tests.Checkpoints;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string Target => Path.Combine(folder.Path, "model.safetensors");

    [Theory]
    [InlineData(TensorType.F32, 0.0)]
    [InlineData(TensorType.F16, 1.0 / 2048)]
    [InlineData(TensorType.BF16, 1.0 / 256)]
    public void What_is_written_is_read_back_rounded_to_its_type(TensorType type, double roundoff)
    {
        float[] values = [0f, -0f, 1f, -1f / 3f, 65504f, 1e-3f, MathF.PI, 1234.5678f];
        SafetensorsWriter.Write(Target, [Source("b", [2, 4], values), Source("a", [], [42f]), Source("empty", [0, 3], [])], type);
        using var file = SafetensorsFile.Open(Target);
        Assert.Equal(["a", "b", "empty"], file.Tensors.Keys.Order());
        Assert.Equal([2, 4], file.Tensors["b"].Shape);
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal(42f, Assert.Single(file.ReadFloats("a")));
        Assert.Empty(file.ReadFloats("empty"));
        var read = file.ReadFloats("b");
        for (int i = 0; i < values.Length; i++)
            Assert.True(Math.Abs(read[i] - (double)values[i]) <= roundoff * Math.Abs(values[i]), $"{values[i]} became {read[i]}");
        var part = new float[3];
        file.ReadFloats("b", 4, part);
        Assert.Equal(read[4..7], part);
    }

    [Fact]
    public void Bfloat16_rounds_to_nearest_even()
    {
        // 1 + 2^-8 lies halfway between 1 and 1 + 2^-7: the even mantissa is 1's. 1 + 3 * 2^-8 goes up to 1 + 2^-6.
        SafetensorsWriter.Write(Target, [Source("x", [3], [1.00390625f, 1.01171875f, float.NaN])], TensorType.BF16);
        using var file = SafetensorsFile.Open(Target);
        var read = file.ReadFloats("x");
        Assert.Equal(1f, read[0]);
        Assert.Equal(1.015625f, read[1]);
        Assert.True(float.IsNaN(read[2]));
    }

    [Fact]
    public void A_value_too_large_for_its_type_is_refused_and_leaves_no_file()
    {
        var exception = Assert.Throws<ModelException>(() => SafetensorsWriter.Write(Target, [Source("x", [1], [1e6f])], TensorType.F16));
        Assert.Contains("\"x\"", exception.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void The_header_is_padded_to_a_multiple_of_eight()
    {
        SafetensorsWriter.Write(Target, [Source("abc", [1], [1f])]);
        var bytes = File.ReadAllBytes(Target);
        Assert.Equal(0UL, BinaryPrimitives.ReadUInt64LittleEndian(bytes) % 8);
        Assert.Equal((byte)'{', bytes[8]);
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 4, "expected an ascending pair within the file's 4 bytes")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 12, "by its header")]
    [InlineData("""{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "\"x\" has 8 bytes, expected 12")]
    [InlineData("""{"x":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}}""", 8, "F99")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "ascending pair")]
    [InlineData("""{"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "dimension -2")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2147483647,2147483647,2147483647,2147483647],"data_offsets":[0,8]}}""", 8, "fits into the file")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2]}}""", 8, "lacks")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}""", 6, "overlaps")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 12, "gap")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "twice")]
    [InlineData("""{"x":5}""", 0, "expected an object")]
    [InlineData("""[1]""", 0, "expected a JSON object")]
    [InlineData("""{"x":{"dtype":"F32",""", 0, "not valid JSON")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "expected a string")]
    public void A_wrong_header_is_one_clear_error(string header, int dataBytes, string expected)
    {
        var text = Encoding.UTF8.GetBytes(header);
        var bytes = new byte[8 + text.Length + dataBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)text.Length);
        text.CopyTo(bytes, 8);
        AssertRefused(bytes, expected);
    }

    [Fact]
    public void A_file_cut_anywhere_is_refused()
    {
        SafetensorsWriter.Write(Target, [Source("x", [3], [1f, 2f, 3f])]);
        var whole = File.ReadAllBytes(Target);
        for (int length = 0; length < whole.Length; length++)
            AssertRefused(whole[..length], "expected");
    }

    [Fact]
    public void A_header_length_beyond_the_file_is_refused()
    {
        var bytes = new byte[100];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, 1000);
        AssertRefused(bytes, "does not fit into the file's 100");
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, ulong.MaxValue);
        AssertRefused(bytes, "expected at most 100000000");
    }

    [Fact]
    public void A_large_file_pointer_is_named_as_such() =>
        AssertRefused(Encoding.UTF8.GetBytes("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"), "Git LFS pointer");

    public void Dispose() => folder.Dispose();

    private static TensorSource Source(string name, int[] shape, float[] values) =>
        new(name, shape, (start, target) => values.AsSpan((int)start, target.Length).CopyTo(target));

    private void AssertRefused(byte[] bytes, string expected)
    {
        File.WriteAllBytes(Target, bytes);
        var exception = Assert.Throws<ModelException>(() => SafetensorsFile.Open(Target).Dispose());
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.StartsWith(Target, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }
}
