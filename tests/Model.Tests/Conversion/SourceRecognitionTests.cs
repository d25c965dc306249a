using Engine.Model.Conversion;
using Xunit;

namespace Engine.Model.Tests.Conversion;

/// <summary>What lies in a folder, and what is missing there.</summary>
public sealed class SourceRecognitionTests : IDisposable
{
    private readonly Conversions conversions = new();

    public void Dispose() => conversions.Dispose();

    [Theory]
    [InlineData("saved_model.pb", "saved_model.pb: is missing", "a part of the model was deleted")]
    [InlineData("variables/variables.index", "variables.index: is missing", "a part of the model was deleted")]
    [InlineData("variables/variables.data-00000-of-00001", "data-00000-of-00001: is missing", "incomplete")]
    [InlineData("assets/vocab.txt", "has no vocab.txt", "--vocab FILE")]
    public void A_half_deleted_model_is_told_by_what_is_missing(string file, params string[] expected)
    {
        string copy = conversions.Copy(Fixtures.At("checkpoints", "hub-v4"));
        File.Delete(Path.Combine(copy, file));
        AssertRefused(copy, expected);
    }

    [Fact]
    public void A_folder_of_several_checkpoints_needs_a_prefix()
    {
        string copy = conversions.Copy(Fixtures.At("checkpoints", "tf1"));
        foreach (string file in Directory.GetFiles(copy, "bert_model.*"))
            File.Copy(file, file.Replace("bert_model.ckpt", "model.ckpt-343", StringComparison.Ordinal));
        AssertRefused(copy, "holds 2 checkpoints (bert_model.ckpt, model.ckpt-343)", "prefix");
        conversions.Of(Path.Combine(copy, "model.ckpt-343"));
    }

    [Theory]
    [InlineData("model.ckpt-343", true)]
    [InlineData("/home/trainer/run/model.ckpt-343", true)]
    [InlineData("model.ckpt-500", false)]
    public void The_last_of_several_checkpoints_is_the_one_that_the_run_names(string named, bool isThere)
    {
        string copy = conversions.Copy(Fixtures.At("checkpoints", "tf1"));
        foreach (string file in Directory.GetFiles(copy, "bert_model.*"))
            File.Copy(file, file.Replace("bert_model.ckpt", "model.ckpt-343", StringComparison.Ordinal));
        File.WriteAllText(Path.Combine(copy, "checkpoint"), $"model_checkpoint_path: \"{named}\"\nall_model_checkpoint_paths: \"bert_model.ckpt\"\n");
        if (!isThere)
        {
            AssertRefused(copy, "holds 2 checkpoints", "prefix");
            return;
        }

        using var conversion = CheckpointConversion.Open(copy, new ConversionOptions());
        Assert.Contains("model.ckpt-343, the last one of 2", conversion.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void An_archive_of_something_else_is_named_as_the_user_named_it()
    {
        string copy = conversions.Copy(Fixtures.At("checkpoints", "tf1"));
        foreach (string file in Directory.GetFiles(copy, "bert_model.*"))
            File.Delete(file);
        string archive = copy + ".zip";
        System.IO.Compression.ZipFile.CreateFromDirectory(copy, archive);
        AssertRefused(archive, $"{archive}: holds no checkpoint");
    }

    [Fact]
    public void A_preprocessing_model_beside_the_encoder_decides_the_tokenizer()
    {
        string both = Path.GetDirectoryName(conversions.Copy(Fixtures.At("checkpoints", "hub-v4")))!;
        Directory.Move(conversions.Copy(Fixtures.At("checkpoints", "preprocess-v3")), Path.Combine(both, "bert_en_uncased_preprocess_3"));
        Assert.Equal("tftext", (string?)Conversions.Json(conversions.Of(both), "tokenizer_config.json")["engine_tokenizer"]);
        Assert.Equal("google", (string?)Conversions.Json(conversions.OfLayout("hub-v4"), "tokenizer_config.json")["engine_tokenizer"]);
        AssertRefused(Path.Combine(both, "bert_en_uncased_preprocess_3"), "is a preprocessing model", "--tokenizer tftext");
    }

    [Fact]
    public void What_the_user_says_is_taken()
    {
        var options = Conversions.OptionsFor("hub-v4") with { Lowercase = false, Gelu = Kernels.GeluForm.Erf, Tokenizer = ConvertedTokenizer.HuggingFace };
        string folder = conversions.Of(Fixtures.At("checkpoints", "hub-v4"), options);
        var tokenizer = Conversions.Json(folder, "tokenizer_config.json");
        Assert.False((bool)tokenizer["do_lower_case"]!);
        Assert.Equal("huggingface", (string?)tokenizer["engine_tokenizer"]);
        Assert.Equal(64, (int)tokenizer["model_max_length"]!);
        Assert.Equal("gelu", (string?)Conversions.Json(folder, "config.json")["hidden_act"]);
    }

    [Fact]
    public void Heads_are_found_where_they_are_written()
    {
        string copy = conversions.Copy(Fixtures.At("checkpoints", "tf1"));
        string configuration = Path.Combine(copy, "bert_config.json");
        string text = File.ReadAllText(configuration);
        AssertRefused(copy, new ConversionOptions { Heads = 2 }, "--heads 2, but", "says 4");
        File.WriteAllText(configuration, text.Replace("\"num_attention_heads\": 4", "\"num_attention_heads\": 3", StringComparison.Ordinal));
        AssertRefused(copy, "num_attention_heads", "divisor");
        File.WriteAllText(configuration, text.Replace("\"hidden_size\": 32", "\"hidden_size\": 64", StringComparison.Ordinal));
        AssertRefused(copy, "hidden_size is 64, expected 32");
        File.Delete(configuration);
        AssertRefused(copy, "--heads N");
        string named = Path.Combine(Path.GetDirectoryName(copy)!, "uncased_L-2_H-32_A-4");
        Directory.Move(copy, named);
        using var conversion = CheckpointConversion.Open(named, new ConversionOptions());
        Assert.Contains("4 attention heads", conversion.Description, StringComparison.Ordinal);
        Assert.Contains("\"A-4\" in the path", Assert.Single(conversion.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_models_vocabulary_is_refused()
    {
        string copy = conversions.Copy(Fixtures.At("checkpoints", "tf1"));
        File.AppendAllText(Path.Combine(copy, "vocab.txt"), "extra\n");
        AssertRefused(copy, "has 257 tokens, expected at most 256");
    }

    private void AssertRefused(string source, params string[] expected) => AssertRefused(source, new ConversionOptions(), expected);

    private void AssertRefused(string source, ConversionOptions options, params string[] expected)
    {
        var exception = Assert.Throws<ModelException>(() => conversions.Of(source, options));
        Assert.All(expected, text => Assert.Contains(text, exception.Message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', exception.Message);
    }
}
