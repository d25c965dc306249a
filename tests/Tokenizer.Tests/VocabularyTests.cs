using System.Text;

namespace Engine.Tokenizer.Tests;

public sealed class VocabularyTests : IDisposable
{
    private const string SpecialLines = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";

    private readonly string folder = Directory.CreateTempSubdirectory("vocabulary").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void TheShippedVocabularyIsReadWhole()
    {
        Vocabulary vocabulary = Vocabulary.Load(Path.Combine(Repository.WeightsFolder, "vocab.txt"));
        Assert.Equal(30522, vocabulary.Count);
        Assert.Equal("[PAD]", vocabulary[0]);
        Assert.Equal("##\uFF5E", vocabulary[30521]);
        Assert.True(vocabulary.TryGetId("hello", out int id));
        Assert.Equal(7592, id);
        using var saved = new MemoryStream();
        vocabulary.Save(saved);
        Assert.Equal(File.ReadAllBytes(Path.Combine(Repository.WeightsFolder, "vocab.txt")), saved.ToArray());
        WordPieceTokenizer tokenizer = Repository.Uncased;
        Assert.Equal((100, 101, 102, 0, 103), (tokenizer.UnknownId, tokenizer.ClassifierId, tokenizer.SeparatorId, tokenizer.PaddingId, tokenizer.MaskId));
        Assert.Equal(["[CLS]", "una", "##ffa", "##ble", "[SEP]"], tokenizer.TokensOf(tokenizer.Encode("unaffable").Ids));
    }

    [Fact]
    public void LineEndsAndABlankTailAreNoTokens()
    {
        WriteVocabulary("\uFEFF" + SpecialLines.Replace("\n", "\r\n", StringComparison.Ordinal) + "a \r\n##b\t\r\n\r\n\r\n");
        WordPieceTokenizer tokenizer = WordPieceTokenizer.Load(folder);
        Assert.Equal(7, tokenizer.Vocabulary.Count);
        Assert.Equal([2, 5, 6, 3], tokenizer.Encode("AB").Ids);
    }

    /// <summary>Hugging Face takes white space off a line's end, Google off both ends as Python's strip does, TensorFlow Text only carriage returns.</summary>
    [Theory]
    [InlineData("huggingface", " a|b|##c|\u001Cd")]
    [InlineData("google", "a|b|##c|d")]
    [InlineData("tftext", " a|b \t|##c\u00A0|\u001Cd")]
    public void EachConventionReadsLinesItsOwnWay(string convention, string expected)
    {
        WriteVocabulary(SpecialLines + " a\r\nb \t\n##c\u00A0\r\n\u001Cd\n");
        WriteConfiguration($$"""{ "engine_tokenizer": "{{convention}}" }""");
        WordPieceTokenizer tokenizer = WordPieceTokenizer.Load(folder);
        Assert.Equal(convention, tokenizer.Options.Convention.Name());
        Assert.Equal(expected.Split('|'), tokenizer.Vocabulary.Tokens.Skip(5));
    }

    [Theory]
    [InlineData("huggingface", 99, 100)]
    [InlineData("google", 399, 400)]
    [InlineData("tftext", 48, 49)]
    public void EachConventionHasItsLongestWord(string convention, int accentless, int longest)
    {
        // One letter of one byte and then letters of two: 100 characters, 400 characters, 100 bytes.
        Assert.True(TokenizerConventionNames.TryParse(convention, out TokenizerConvention parsed));
        var tokenizer = new WordPieceTokenizer(new Vocabulary(["[UNK]", "[CLS]", "[SEP]", "[PAD]", "a", "##\u03B1", "##a"]), new TokenizerOptions { Convention = parsed });
        string fits = "a" + new string('\u03B1', accentless) + (convention == "tftext" ? "aaa" : "");
        Assert.DoesNotContain(0, tokenizer.EncodeWithOffsets(fits).Ids);
        Assert.Equal([1, 0, 2], tokenizer.EncodeWithOffsets(fits + "\u03B1").Ids);
        Assert.DoesNotContain(0, tokenizer.Encode(fits).Ids);
        Assert.Equal([1, 0, 2], tokenizer.Encode(fits + "\u03B1").Ids);
        Assert.Equal(longest + 2, tokenizer.Encode("a" + new string('\u03B1', longest - 1)).Ids.Length);
    }

    [Theory]
    [InlineData("google")]
    [InlineData("tftext")]
    public void SpecialTokensInTheTextAreMatchedOnlyWhereAskedFor(string convention)
    {
        Assert.True(TokenizerConventionNames.TryParse(convention, out TokenizerConvention parsed));
        var options = new TokenizerOptions { Convention = parsed };
        Assert.Equal(["[", "mask", "]"], Repository.Uncased.TokensOf(new WordPieceTokenizer(Repository.Uncased.Vocabulary, options).Encode("[MASK]").Ids[1..^1]));
        var matching = new WordPieceTokenizer(Repository.Uncased.Vocabulary, options with { MatchSpecialTokens = true });
        Assert.Equal(["[MASK]"], Repository.Uncased.TokensOf(matching.Encode("[MASK]").Ids[1..^1]));
    }

    [Fact]
    public void AVocabularyWithoutMaskIsTaken()
    {
        WriteVocabulary("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n");
        Assert.Null(WordPieceTokenizer.Load(folder).MaskId);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("\n\n", "is empty")]
    [InlineData(SpecialLines + "a\nb\na\n", "lines 6 and 8 both hold the token 'a'")]
    [InlineData("[PAD]\n[CLS]\n[SEP]\na\n", "has no line [UNK]")]
    [InlineData("[PAD]\n[UNK]\n[SEP]\na\n", "has no line [CLS]")]
    [InlineData("[PAD]\n[UNK]\n[CLS]\na\n", "has no line [SEP]")]
    [InlineData("[UNK]\n[CLS]\n[SEP]\na\n", "has no line [PAD]")]
    public void ABadVocabularyIsOneClearLine(string contents, string expected)
    {
        WriteVocabulary(contents);
        foreach (TokenizerConvention convention in Enum.GetValues<TokenizerConvention>())
            AssertOneLine(Assert.Throws<InvalidDataException>(() => WordPieceTokenizer.Load(folder, convention)), "vocab.txt", expected);
    }

    [Fact]
    public void InvalidUtf8NamesTheByte()
    {
        File.WriteAllBytes(Path.Combine(folder, "vocab.txt"), [.. Encoding.UTF8.GetBytes("[PAD]\n"), 0xC3, 0x28]);
        AssertOneLine(Assert.Throws<InvalidDataException>(() => WordPieceTokenizer.Load(folder)), "vocab.txt", "byte 6 is no valid UTF-8");
    }

    [Fact]
    public void WhatIsMissingIsNamed()
    {
        AssertOneLine(Assert.Throws<FileNotFoundException>(() => WordPieceTokenizer.Load(folder)), "vocab.txt", "there is no such file");
        AssertOneLine(Assert.Throws<DirectoryNotFoundException>(() => WordPieceTokenizer.Load(Path.Combine(folder, "nowhere"))), "nowhere", "there is no such folder");
        Assert.Throws<ArgumentOutOfRangeException>(() => Repository.Uncased.TokenOf(30522));
        Assert.Throws<ArgumentOutOfRangeException>(() => Repository.Uncased.TokenOf(-1));
    }

    [Fact]
    public void TheConfigurationSetsTheOptions()
    {
        WriteVocabulary(SpecialLines.Replace("[UNK]", "<unk>", StringComparison.Ordinal) + "A\na\n\u4E2D\u6587\n<x>\n");
        WriteConfiguration("""
            { "do_lower_case": false, "strip_accents": true, "tokenize_chinese_chars": false, "model_max_length": 1000000000000000019884624838656,
              "unk_token": { "content": "<unk>", "lstrip": false }, "added_tokens_decoder": { "8": { "content": "<x>", "special": true }, "9": { "content": "<new>", "normalized": false } } }
            """);
        WordPieceTokenizer tokenizer = WordPieceTokenizer.Load(folder);
        Assert.Equal(TokenizerOptions.Unlimited, tokenizer.Options.ModelMaxLength);
        Assert.Equal(10, tokenizer.Vocabulary.Count);
        Assert.Equal([2, 5, 8, 6, 7, 9, 1, 3], tokenizer.Encode("A\u0301<x>a \u4E2D\u6587<new>zz").Ids);
    }

    [Fact]
    public void WithoutAConfigurationTextIsUncased()
    {
        WriteVocabulary(SpecialLines + "a\n");
        Assert.Equal([2, 5, 3], WordPieceTokenizer.Load(folder).Encode("\u00C0").Ids);
    }

    [Theory]
    [InlineData("[]", "expected a JSON object")]
    [InlineData("{ \"do_lower_case\": true", "no valid JSON")]
    [InlineData("{ \"do_lower_case\": \"yes\" }", "\"do_lower_case\" is \"yes\"; expected true, false or null")]
    [InlineData("{ \"model_max_length\": 0 }", "\"model_max_length\" is 0; expected a number of tokens")]
    [InlineData("{ \"cls_token\": 7 }", "\"cls_token\" is 7; expected a text")]
    [InlineData("{ \"do_basic_tokenize\": false }", "split by another tool")]
    [InlineData("{ \"mask_token\": \"[MASK]\", \"unk_token\": \"<unk>\" }", "has no line <unk>")]
    [InlineData("{ \"engine_tokenizer\": \"bert\" }", "\"engine_tokenizer\" is \"bert\"; expected one of huggingface, google, tftext")]
    [InlineData("{ \"engine_tokenizer\": \"google\", \"strip_accents\": false }", "strip_accents is false, which the tokenizer 'google' does not have")]
    [InlineData("{ \"engine_tokenizer\": \"tftext\", \"tokenize_chinese_chars\": false }", "tokenize_chinese_chars is false")]
    [InlineData("{ \"added_tokens_decoder\": { \"x\": { \"content\": \"y\" } } }", "expected a token's id")]
    [InlineData("{ \"added_tokens_decoder\": { \"9\": { \"content\": \"y\" } } }", "expected id 6")]
    [InlineData("{ \"added_tokens_decoder\": { \"6\": { \"content\": \"y\", \"normalized\": true } } }", "only tokens that are matched exactly as written")]
    [InlineData("{ \"added_tokens_decoder\": { \"2\": { \"content\": \"a\" } } }", "gives 'a' the id 2")]
    public void ABadConfigurationIsOneClearLine(string json, string expected)
    {
        WriteVocabulary(SpecialLines + "a\n");
        WriteConfiguration(json);
        AssertOneLine(Assert.Throws<InvalidDataException>(() => WordPieceTokenizer.Load(folder)), folder, expected);
    }

    private static void AssertOneLine(Exception error, string where, string what)
    {
        Assert.Contains(where, error.Message, StringComparison.Ordinal);
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    private void WriteVocabulary(string contents) => File.WriteAllText(Path.Combine(folder, "vocab.txt"), contents);

    private void WriteConfiguration(string json) => File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), json);
}
