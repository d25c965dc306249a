using Engine.Model.Checkpoints.TensorFlow;
using Engine.Shared;
using Xunit;

namespace Engine.Model.Tests.Conversion;

/// <summary>Checkpoints of TensorFlow that are recognized and not converted: each has its own answer.</summary>
public sealed class RefusedCheckpointTests : IDisposable
{
    private readonly Conversions conversions = new();

    [Fact]
    public void A_part_that_was_deleted_is_named()
    {
        AssertRefused("hub-v4", folder => File.Delete(Path.Combine(folder, "saved_model.pb")), "saved_model.pb: is missing");
        AssertRefused("hub-v4", folder => File.Delete(Path.Combine(folder, "variables", "variables.index")), "variables.index: is missing");
        AssertRefused("hub-v4", folder => Directory.Delete(Path.Combine(folder, "variables"), recursive: true), "variables.index: is missing");
        AssertRefused("tf1-two-shards", folder => File.Delete(Path.Combine(folder, "bert_model.ckpt.data-00001-of-00002")), "data-00001-of-00002: is missing");
        AssertRefused("tf1", folder => File.Delete(Path.Combine(folder, "bert_model.ckpt.index")), "bert_model.ckpt.index: is missing");
    }

    [Theory]
    [InlineData("saved_model.pb")]
    [InlineData("variables/variables.index")]
    [InlineData("variables/variables.data-00000-of-00001")]
    public void A_large_file_pointer_is_named_as_such(string file) => AssertRefused(
        "hub-v4",
        folder => File.WriteAllText(Path.Combine(folder, file), "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
        "Git LFS pointer");

    [Fact]
    public void The_first_format_and_big_endian_numbers_are_named_as_such()
    {
        byte[] old = SortedTableWriter.Write([([], BundleWriter.Message(output => BundleWriter.Field(output, 1, [])))]);
        AssertRefused("tf1", folder => File.WriteAllBytes(Path.Combine(folder, "bert_model.ckpt.index"), old), "first format (V1");
        AssertRefused("tf1", folder => Rewrite(folder, (key, value) => key.Length == 0 ? [.. value, 0x10, 1] : value), "big-endian");
    }

    [Fact]
    public void A_weight_that_is_stored_in_slices_is_named() => AssertRefused(
        "tf1",
        folder => Rewrite(folder, (key, value) => key.AsSpan().SequenceEqual("bert/embeddings/word_embeddings"u8) ? [.. value, 0x3A, 0] : value),
        "\"bert/embeddings/word_embeddings\" is stored in slices");

    public void Dispose() => conversions.Dispose();

    /// <summary>Writes a checkpoint's index again with other values.</summary>
    private static void Rewrite(string folder, Func<byte[], byte[], byte[]> change)
    {
        string index = Path.Combine(folder, "bert_model.ckpt.index");
        var entries = SortedTable.Read(index, File.ReadAllBytes(index)).Select(entry => (entry.Key, change(entry.Key, entry.Value.ToArray())));
        File.WriteAllBytes(index, SortedTableWriter.Write([.. entries]));
    }

    private void AssertRefused(string layout, Action<string> change, string expected)
    {
        string folder = conversions.Copy(Fixtures.At("checkpoints", layout));
        change(folder);
        var exception = Assert.Throws<ModelException>(() => conversions.Of(folder, Conversions.OptionsFor(layout)));
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(conversions.Path, "out-*"));
    }
}
