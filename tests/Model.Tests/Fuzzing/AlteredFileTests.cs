using System.Buffers.Binary;
using System.Text;
using Engine.Model.Tests.Conversion;
using Xunit;

namespace Engine.Model.Tests.Fuzzing;

/// <summary>
/// Alterations that are always noticed in files that no checksum covers: the list in docs/checkpoints.md, entry by entry. Each ends in one line that names the file.
/// </summary>
public sealed class AlteredFileTests : IDisposable
{
    private const string Weights = "model-00001-of-00001.safetensors";
    private const string Words = "embeddings.word_embeddings.weight";
    private const string FirstBias = "embeddings.LayerNorm.bias";

    private readonly Conversions conversions = new();

    [Theory]
    [InlineData("hub-v2")]
    [InlineData("hub-tf1")]
    public void A_saved_model_cut_anywhere(string layout)
    {
        string folder = Copy(layout), path = Path.Combine(folder, "saved_model.pb");
        var whole = File.ReadAllBytes(path);
        for (int i = 0; i < 40; i++)
            AssertRefused(folder, layout, path, whole[..(int)((long)whole.Length * i / 40)], "");
    }

    [Theory]
    [InlineData("an announced shape", "12 03 08 80 02 12 02 08 20", "12 03 08 81 02 12 02 08 20", "but tensor")]
    [InlineData("an announced type", "3A 2B 08 01 12 09 12 03 08 80 02", "3A 2B 08 03 12 09 12 03 08 80 02", "but tensor")]
    [InlineData("a wrong kind of field", "08 01 12 09 12 03 08 80 02", "0D 01 12 09 12 03 08 80 02", "not a valid protocol buffer")]
    [InlineData("a file's name that leads out", "vocab.txt", "../ab.txt", "is not the name of a file")]
    public void A_saved_model_with(string what, string from, string to, string expected)
    {
        Assert.NotEmpty(what);
        string folder = Copy("hub-v2"), path = Path.Combine(folder, "saved_model.pb");
        AssertRefused(folder, "hub-v2", path, Replace(File.ReadAllBytes(path), Bytes(from), Bytes(to)), expected);
    }

    [Fact]
    public void A_saved_model_with_an_edge_to_no_object()
    {
        string folder = Copy("hub-v2"), path = Path.Combine(folder, "saved_model.pb");
        var bytes = File.ReadAllBytes(path);

        // A child of an object: its number, of two bytes, and its name.
        int name = Enumerable.Range(0, bytes.Length - 14).Last(i =>
            bytes.AsSpan(i).StartsWith((byte[])[0x0A, 0x0C, 0x08]) && bytes.AsSpan(i + 5).StartsWith("\u0012\u0007trace_0"u8));
        (bytes[name + 3], bytes[name + 4]) = (0xFF, 0x7F);
        AssertRefused(folder, "hub-v2", path, bytes, "leads to no object");
    }

    [Fact]
    public void A_hub_module_of_another_format()
    {
        string folder = Copy("hub-tf1");
        AssertRefused(folder, "hub-tf1", Path.Combine(folder, "tfhub_module.pb"), [0x08, 0x02], "has format 2, expected 3");
    }

    [Fact]
    public void A_description_by_Keras_that_is_cut()
    {
        string folder = Copy("keras-fine-tuned"), path = Path.Combine(folder, "keras_metadata.pb");
        AssertRefused(folder, "keras-fine-tuned", path, File.ReadAllBytes(path)[..100], "not a valid protocol buffer");
    }

    [Fact]
    public void Weights_cut_anywhere_or_with_more_behind_them()
    {
        string folder = FuzzSources.HuggingFace(conversions), path = Path.Combine(folder, Weights);
        var whole = File.ReadAllBytes(path);
        for (int i = 0; i < 100; i++)
            AssertRefused(folder, "", path, whole[..(int)((long)whole.Length * i / 100)], "");
        AssertRefused(folder, "", path, [.. whole, 0], "by its header");
    }

    [Theory]
    [InlineData("length of the header", 1, "")]
    [InlineData("length of the header", 256, "")]
    [InlineData("length of the header", -1, "")]
    public void Weights_with_another(string what, int change, string expected)
    {
        Assert.NotEmpty(what);
        string folder = FuzzSources.HuggingFace(conversions), path = Path.Combine(folder, Weights);
        var bytes = File.ReadAllBytes(path);
        BinaryPrimitives.WriteInt64LittleEndian(bytes, BinaryPrimitives.ReadInt64LittleEndian(bytes) + change);
        AssertRefused(folder, "", path, bytes, expected);
    }

    [Theory]
    [InlineData("a type of another width", "\"dtype\":\"F32\"", "\"dtype\":\"F16\"", "bytes, expected")]
    [InlineData("a type that holds no weights", "LayerNorm.bias\":{\"dtype\":\"F32\"", "LayerNorm.bias\":{\"dtype\":\"I32\"", "I32")]
    [InlineData("a type that the format lacks", "\"dtype\":\"F32\"", "\"dtype\":\"F33\"", "F33")]
    [InlineData("another shape", "\"shape\":[32]", "\"shape\":[33]", "bytes, expected")]
    [InlineData("another rank", "\"shape\":[256,32]", "\"shape\":[8192]", "shape")]
    [InlineData("places that overlap or leave gaps", "\"data_offsets\":[", "\"data_offsets\":[1", "")]
    [InlineData("a renamed tensor", FirstBias, "embeddings.LayerNorm.bios", "is missing")]
    [InlineData("a tensor that comes twice", FirstBias, "embeddings.LayerNorm.weight", "")]
    [InlineData("an unknown field", "\"dtype\"", "\"dtypo\"", "dtypo")]
    public void Weights_whose_header_has(string what, string from, string to, string expected)
    {
        Assert.NotEmpty(what);
        string folder = FuzzSources.HuggingFace(conversions), path = Path.Combine(folder, Weights);
        var whole = File.ReadAllBytes(path);
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(whole);
        var header = Replace(whole[8..(8 + length)], Encoding.UTF8.GetBytes(from), Encoding.UTF8.GetBytes(to));
        AssertRefused(folder, "", path, [.. BitConverter.GetBytes((long)header.Length), .. header, .. whole[(8 + length)..]], expected);
    }

    [Theory]
    [InlineData("no JSON", "{", "(", "JSON")]
    [InlineData("a name twice", "\"hidden_size\"", "\"vocab_size\"", "vocab_size")]
    [InlineData("no Unicode", "\"hidden_size\"", "\"hidden_siz\\ud800\"", "")]
    [InlineData("another width", "\"hidden_size\": 32", "\"hidden_size\": 64", "")]
    [InlineData("fewer layers", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", "")]
    [InlineData("more layers", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", "")]
    [InlineData("other words", "\"vocab_size\": 256", "\"vocab_size\": 255", "")]
    [InlineData("other positions", "\"max_position_embeddings\": 64", "\"max_position_embeddings\": 63", "")]
    [InlineData("another inner width", "\"intermediate_size\": 128", "\"intermediate_size\": 129", "")]
    [InlineData("heads that do not divide the width", "\"num_attention_heads\": 4", "\"num_attention_heads\": 5", "")]
    [InlineData("a size that is no number", "\"hidden_size\": 32", "\"hidden_size\": \"32\"", "hidden_size")]
    [InlineData("an unknown activation", "\"hidden_act\": \"gelu\"", "\"hidden_act\": \"relu\"", "relu")]
    [InlineData("another model", "\"model_type\": \"bert\"", "\"model_type\": \"albert\"", "albert")]
    public void A_configuration_with(string what, string from, string to, string expected) => AssertTextRefused(what, "config.json", from, to, expected);

    [Theory]
    [InlineData("no JSON", "{", "(", "JSON")]
    [InlineData("a flag that is none", "true", "\"yes\"", "do_lower_case")]
    [InlineData("a length that is none", "64", "\"long\"", "model_max_length")]
    [InlineData("a tokenizer that is unknown", "{", "{\"engine_tokenizer\": \"mine\", ", "engine_tokenizer")]
    public void A_tokenizer_s_configuration_with(string what, string from, string to, string expected) =>
        AssertTextRefused(what, "tokenizer_config.json", from, to, expected);

    [Theory]
    [InlineData("no word for the unknown", "[UNK]", "[ANK]", "[UNK]")]
    [InlineData("no start", "[CLS]", "[CLT]", "[CLS]")]
    [InlineData("no end", "[SEP]", "[SAP]", "[SEP]")]
    [InlineData("no padding", "[PAD]", "[POD]", "[PAD]")]
    [InlineData("a line twice", "[MASK]", "[CLS]", "both hold the token")]
    [InlineData("a line too many", "[MASK]", "[MASK]\none\u00b7too\u00b7many", "at most 256")]
    [InlineData("no text", "[PAD]", "\u00ff\u00fe", "UTF-8")]
    public void A_vocabulary_with(string what, string from, string to, string expected) => AssertTextRefused(what, "vocab.txt", from, to, expected);

    [Theory]
    [InlineData("no JSON", "{", "(", "JSON")]
    [InlineData("a file that is not there", Weights, "model-00002-of-00001.safetensors", "model-00002-of-00001.safetensors")]
    [InlineData("a file elsewhere", Weights, "../elsewhere.safetensors", "elsewhere")]
    [InlineData("a file's name that no system takes", Weights, "\\u0000", "expected the name of a file")]
    [InlineData("a tensor that its file lacks", FirstBias, "embeddings.LayerNorm.bios", "embeddings.LayerNorm.bios")]
    [InlineData("a tensor twice", FirstBias, "embeddings.LayerNorm.weight", "twice")]
    [InlineData("no map", "weight_map", "weight_mop", "weight_map")]
    public void An_index_of_several_files_with(string what, string from, string to, string expected) =>
        AssertTextRefused(what, "model.safetensors.index.json", from, to, expected);

    [Theory]
    [InlineData("another width", "\"hidden_size\": 32", "\"hidden_size\": 64", "hidden_size")]
    [InlineData("fewer layers", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", "")]
    [InlineData("more layers", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3", "")]
    [InlineData("other words", "\"vocab_size\": 256", "\"vocab_size\": 255", "vocab_size")]
    [InlineData("heads that do not divide the width", "\"num_attention_heads\": 4", "\"num_attention_heads\": 5", "heads")]
    public void Google_s_configuration_with(string what, string from, string to, string expected)
    {
        Assert.NotEmpty(what);
        string folder = Copy("tf1"), path = Path.Combine(folder, "bert_config.json");
        AssertRefused(folder, "tf1", path, Replace(File.ReadAllBytes(path), Encoding.UTF8.GetBytes(from), Encoding.UTF8.GetBytes(to)), expected);
    }

    public void Dispose() => conversions.Dispose();

    /// <summary>Bytes from hexadecimal pairs, or those of a text.</summary>
    private static byte[] Bytes(string text) =>
        text.Split(' ').All(part => part.Length == 2) ? Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal)) : Encoding.UTF8.GetBytes(text);

    private static byte[] Replace(byte[] content, byte[] from, byte[] to)
    {
        // In a SavedModel the objects, which are read, come behind the graph, which is not.
        int at = content.AsSpan().LastIndexOf(from);
        Assert.True(at >= 0, "the file does not hold what is to be altered");
        return [.. content[..at], .. to, .. content[(at + from.Length)..]];
    }

    private string Copy(string layout) => conversions.Copy(Fixtures.At("checkpoints", layout));

    private void AssertTextRefused(string what, string name, string from, string to, string expected)
    {
        Assert.NotEmpty(what);
        string folder = FuzzSources.HuggingFace(conversions), path = Path.Combine(folder, name);
        byte[] altered = Replace(File.ReadAllBytes(path), Encoding.UTF8.GetBytes(from), to == "\u00ff\u00fe" ? [0xFF, 0xFE] : Encoding.UTF8.GetBytes(to));
        AssertRefused(folder, "", path, altered, expected);
    }

    private void AssertRefused(string folder, string layout, string path, byte[] content, string expected)
    {
        File.WriteAllBytes(path, content);
        var exception = Assert.Throws<ModelException>(() => conversions.Of(folder, Conversions.OptionsFor(layout)));
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.StartsWith(conversions.Path, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(exception.Message, char.IsControl);
        Assert.Empty(Directory.GetFileSystemEntries(conversions.Path, "out-*"));
    }
}
