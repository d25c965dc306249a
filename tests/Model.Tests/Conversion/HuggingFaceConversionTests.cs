using System.Globalization;
using System.Text.Json.Nodes;
using Engine.Model.Checkpoints;
using Engine.Model.Conversion;
using Engine.Model.Tests.Data;
using Xunit;

namespace Engine.Model.Tests.Conversion;

/// <summary>Folders in Hugging Face's layout: other names, several files, other types.</summary>
public sealed class HuggingFaceConversionTests : IDisposable
{
    private static readonly ConversionOptions Quick = new() { Flush = false };

    private readonly TemporaryFolder folder = new();

    private static string Model => Fixtures.At("models", "tanh");

    private string Target => Path.Combine(folder.Path, "out");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_folder_keeps_its_tensors_and_its_configuration()
    {
        Convert(Model);
        using var source = SafetensorsFile.Open(Path.Combine(Model, "model.safetensors"));
        using var written = SafetensorsFile.Open(Path.Combine(Target, "model.safetensors"));
        Assert.Equal(source.Tensors.Keys.Where(IsBert).Order(), written.Tensors.Keys.Order());
        Assert.All(written.Tensors.Keys, name => Assert.Equal(source.ReadFloats(name), written.ReadFloats(name)));
        var configuration = JsonText.ReadObject(Path.Combine(Target, "config.json"), "a configuration");
        Assert.Equal("gelu_pytorch_tanh", (string?)configuration["hidden_act"]);
        Assert.Equal("BertForPreTraining", (string?)configuration["architectures"]![0]);
        Assert.Equal("huggingface", (string?)JsonText.ReadObject(Path.Combine(Target, "tokenizer_config.json"), "settings")["engine_tokenizer"]);
        Assert.Equal(File.ReadAllBytes(Path.Combine(Model, "vocab.txt")), File.ReadAllBytes(Path.Combine(Target, "vocab.txt")));

        // The reference's two loose classifiers are no part of the model.
        var record = JsonText.ReadObject(Path.Combine(Target, "conversion.json"), "a record");
        var leftOut = Assert.Single(record["left_out"]!.AsArray())!;
        Assert.Equal(
            source.Tensors.Keys.Where(name => !IsBert(name)).Order(StringComparer.Ordinal), leftOut["names"]!.AsArray().Select(name => (string)name!));
    }

    [Fact]
    public void Several_files_old_names_and_a_prefix_give_the_same_tensors()
    {
        string parts = Directory.CreateDirectory(Path.Combine(folder.Path, "parts")).FullName;
        using (var source = SafetensorsFile.Open(Path.Combine(Model, "model.safetensors")))
        {
            var map = new JsonObject();
            var names = source.Tensors.Keys.Where(IsBert).Order(StringComparer.Ordinal).ToArray();
            for (int part = 0; part < 3; part++)
            {
                string file = string.Create(CultureInfo.InvariantCulture, $"model-{part + 1:D5}-of-00003.safetensors");
                string[] here = [.. names.Where((_, i) => i % 3 == part)];
                SafetensorsWriter.Write(Path.Combine(parts, file), here.Select(name => Renamed(source, name)));
                foreach (string name in here)
                    map[OldName(name)] = file;
            }

            File.WriteAllText(Path.Combine(parts, "model.safetensors.index.json"), new JsonObject { ["weight_map"] = map }.ToJsonString());
        }

        File.Copy(Path.Combine(Model, "vocab.txt"), Path.Combine(parts, "vocab.txt"));
        File.Copy(Path.Combine(Model, "config.json"), Path.Combine(parts, "config.json"));
        Convert(parts);
        string whole = Path.Combine(folder.Path, "whole");
        Convert(Model, whole);
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole, "model.safetensors")), File.ReadAllBytes(Path.Combine(Target, "model.safetensors")));
    }

    [Theory]
    [InlineData(TensorType.F16, "float16")]
    [InlineData(TensorType.BF16, "bfloat16")]
    public void Types_are_narrowed_once_and_widened_exactly(TensorType type, string name)
    {
        Convert(Model, options: Quick with { Type = type });
        Assert.Equal(name, (string?)JsonText.ReadObject(Path.Combine(Target, "config.json"), "a configuration")["torch_dtype"]);
        string back = Path.Combine(folder.Path, "back");
        Convert(Target, back);
        string again = Path.Combine(folder.Path, "again");
        Convert(back, again, Quick with { Type = type });
        Assert.Equal(File.ReadAllBytes(Path.Combine(Target, "model.safetensors")), File.ReadAllBytes(Path.Combine(again, "model.safetensors")));
        using var source = SafetensorsFile.Open(Path.Combine(Model, "model.safetensors"));
        using var written = SafetensorsFile.Open(Path.Combine(back, "model.safetensors"));

        // Rounding to nearest errs by half a unit in the last of 11 or 8 bits; below F16's smallest normal number, by half of 2^-24.
        double relative = type == TensorType.F16 ? 1.0 / 2048 : 1.0 / 256;
        foreach (string tensor in written.Tensors.Keys)
        {
            var (expected, actual) = (source.ReadFloats(tensor), written.ReadFloats(tensor));
            for (int i = 0; i < expected.Length; i++)
                Assert.InRange(Math.Abs((double)actual[i] - expected[i]), 0, Math.Max(relative * Math.Abs(expected[i]), 3e-8));
        }
    }

    [Fact]
    public void A_decoder_that_is_the_word_table_is_not_written_again()
    {
        string copy = CopyModel();
        using (var source = SafetensorsFile.Open(Path.Combine(Model, "model.safetensors")))
        {
            var words = source.ReadFloats("bert.embeddings.word_embeddings.weight");
            IEnumerable<TensorSource> With(float[] decoder) => source.Tensors.Keys.Where(IsBert).Select(name => Tensor(source, name, name))
                .Append(new TensorSource("cls.predictions.decoder.weight", [256, 48], (start, target) => decoder.AsSpan((int)start, target.Length).CopyTo(target)));
            SafetensorsWriter.Write(Path.Combine(copy, "model.safetensors"), With(words));
            Convert(copy);
            using (var tied = SafetensorsFile.Open(Path.Combine(Target, "model.safetensors")))
                Assert.Equal(source.Tensors.Keys.Where(IsBert).Order(), tied.Tensors.Keys.Order());
            words[0] += 1;
            SafetensorsWriter.Write(Path.Combine(copy, "model.safetensors"), With(words));
            string other = Path.Combine(folder.Path, "other");
            Convert(copy, other);
            using var untied = SafetensorsFile.Open(Path.Combine(other, "model.safetensors"));
            Assert.Equal(words, untied.ReadFloats("cls.predictions.decoder.weight"));
        }
    }

    [Theory]
    [InlineData("albert")]
    [InlineData("electra")]
    [InlineData("distilbert")]
    [InlineData("roberta")]
    [InlineData("t5")]
    public void Other_architectures_are_named(string type)
    {
        string copy = CopyModel();
        var configuration = JsonText.ReadObject(Path.Combine(copy, "config.json"), "a configuration");
        configuration["model_type"] = type;
        File.WriteAllText(Path.Combine(copy, "config.json"), configuration.ToJsonString());
        AssertRefused(copy, type, "only");
    }

    [Fact]
    public void What_does_not_fit_is_one_clear_error()
    {
        string copy = CopyModel();
        var configuration = JsonText.ReadObject(Path.Combine(copy, "config.json"), "a configuration");
        configuration["num_hidden_layers"] = 2;
        File.WriteAllText(Path.Combine(copy, "config.json"), configuration.ToJsonString());
        AssertRefused(copy, "num_hidden_layers is 2, expected 3");
        File.Delete(Path.Combine(copy, "config.json"));
        AssertRefused(copy, "--heads N");
        File.Delete(Path.Combine(copy, "vocab.txt"));
        AssertRefused(copy, "--heads N");
        var exception = Assert.Throws<ModelException>(() => Convert(copy, options: Quick with { Heads = 3 }));
        Assert.Contains("--vocab FILE", exception.Message, StringComparison.Ordinal);
        File.Move(Path.Combine(copy, "model.safetensors"), Path.Combine(copy, "pytorch_model.bin"));
        AssertRefused(copy, "pytorch_model.bin", "save_pretrained");
        AssertRefused(Path.Combine(folder.Path, "absent"), "no such file, folder or checkpoint");
    }

    [Fact]
    public void A_failure_or_a_stop_leaves_nothing_and_touches_nothing()
    {
        string copy = CopyModel();
        var bytes = File.ReadAllBytes(Path.Combine(Model, "vocab.txt"));
        string full = Directory.CreateDirectory(Path.Combine(folder.Path, "full")).FullName;
        File.WriteAllText(Path.Combine(full, "mine.txt"), "mine");
        string before = Listing();
        using (var conversion = CheckpointConversion.Open(copy, Quick))
        {
            Assert.Throws<ModelException>(() => conversion.Write(full));
            Assert.Throws<ModelException>(() => conversion.Write(copy));
            using var stop = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => conversion.Write(Path.Combine(folder.Path, "a", "b"), _ => stop.Cancel(), stop.Token));
        }

        // A value that does not fit into the type is met only when weights are on their way out.
        using (var source = SafetensorsFile.Open(Path.Combine(Model, "model.safetensors")))
        {
            SafetensorsWriter.Write(Path.Combine(copy, "model.safetensors"), source.Tensors.Keys.Where(IsBert).Select(name => name.EndsWith("pooler.dense.bias", StringComparison.Ordinal)
                ? new TensorSource(name, source.Tensors[name].Shape, (_, target) => target.Fill(1e6f))
                : Tensor(source, name, name)));
        }

        Assert.Throws<ModelException>(() => Convert(copy, options: Quick with { Type = TensorType.F16 }));
        Assert.Equal(before, Listing());
        Assert.Equal(bytes, File.ReadAllBytes(Path.Combine(copy, "vocab.txt")));
    }

    private static bool IsBert(string name) => name.StartsWith("bert.", StringComparison.Ordinal) || name.StartsWith("cls.", StringComparison.Ordinal);

    private static string OldName(string name) => "module." + (name.Contains("LayerNorm", StringComparison.Ordinal)
        ? name.Replace(".weight", ".gamma", StringComparison.Ordinal).Replace(".bias", ".beta", StringComparison.Ordinal)
        : name);

    private static TensorSource Renamed(SafetensorsFile source, string name) => Tensor(source, name, OldName(name));

    private static TensorSource Tensor(SafetensorsFile source, string name, string target) =>
        new(target, source.Tensors[name].Shape, (start, values) => source.ReadFloats(name, start, values));

    private void Convert(string source, string? target = null, ConversionOptions? options = null)
    {
        using var conversion = CheckpointConversion.Open(source, options ?? Quick);
        conversion.Write(target ?? Target);
    }

    private string CopyModel()
    {
        string copy = Directory.CreateDirectory(Path.Combine(folder.Path, "copy")).FullName;
        foreach (string name in new[] { "config.json", "model.safetensors", "vocab.txt" })
            File.Copy(Path.Combine(Model, name), Path.Combine(copy, name), overwrite: true);
        return copy;
    }

    private string Listing() => string.Join('\n', Directory.EnumerateFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal));

    private void AssertRefused(string source, params string[] expected)
    {
        string before = Listing();
        var exception = Assert.Throws<ModelException>(() => Convert(source));
        Assert.All(expected, text => Assert.Contains(text, exception.Message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', exception.Message);
        Assert.Equal(before, Listing());
    }
}
