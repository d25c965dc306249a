using System.Text.Json.Nodes;
using Xunit;

namespace Engine.Runner.Tests;

/// <summary>Configurations, vocabularies and tokenizer settings that are damaged or of another model: one line, exit code 2, nothing touched on the disk.</summary>
public sealed class BadModelFileTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("vocab_size", null, "vocab_size is missing, expected an integer from 1 to 100000000")]
    [InlineData("vocab_size", "-1", "vocab_size is -1, expected an integer from 1 to 100000000")]
    [InlineData("num_hidden_layers", "2.5", "num_hidden_layers is 2.5, expected an integer")]
    [InlineData("num_attention_heads", "5", "num_attention_heads is 5, expected a divisor of hidden_size 32")]
    [InlineData("num_attention_heads", "8", "num_attention_heads is 8, expected heads of 8 to 128 of hidden_size 32")]
    [InlineData("model_type", "\"roberta\"", "model_type is \"roberta\", expected \"bert\"; other architectures")]
    [InlineData("model_type", "7", "model_type is 7, expected a text")]
    [InlineData("position_embedding_type", "\"relative_key\"", "position_embedding_type is \"relative_key\", expected \"absolute\"")]
    [InlineData("is_decoder", "true", "is_decoder is true, expected false: an encoder")]
    [InlineData("is_decoder", "1", "is_decoder is 1, expected true or false")]
    [InlineData("hidden_act", "\"relu\"", "hidden_act is \"relu\", expected \"gelu\"")]
    [InlineData("hidden_dropout_prob", "1.0", "hidden_dropout_prob is 1.0, expected a number from 0 to below 1")]
    [InlineData("layer_norm_eps", "\"small\"", "layer_norm_eps is \"small\", expected a number from 0 to 1")]
    [InlineData("engine_head", "3", "engine_head is not an object, expected an object with kind, labels and dropout")]
    [InlineData("engine_head", "{\"kind\": \"Other\", \"labels\": [\"a\", \"b\"]}", "kind is \"Other\", expected one of ")]
    [InlineData("engine_head", "{\"kind\": \"ClsSigmoid\", \"labels\": [1, 2]}", "labels is missing or not an array of texts")]
    [InlineData("engine_head", "{\"kind\": \"ClsSigmoid\", \"labels\": [\"a\"]}", "head ClsSigmoid: 1 labels, expected exactly 2")]
    [InlineData("engine_head", "{\"kind\": \"ClsSigmoid\", \"labels\": [\"a\", \"b\"], \"dropout\": 1}", "dropout is 1, expected a number from 0 to below 1")]
    public void Fields_of_the_configuration(string field, string? value, string expected) => AssertRefused(expected, json => Set(json, field, value));

    [Theory]
    [InlineData("problem_type", "\"regression\"", "problem_type is \"regression\" with 2 label(s), expected \"single_label_classification\"")]
    [InlineData("id2label", "[]", "id2label is not an object, expected an object from index to name")]
    [InlineData("id2label", "{\"0\": \"a\", \"2\": \"b\"}", "id2label is without a name for 1, expected names for 0 to 1")]
    [InlineData("id2label", "{\"0\": \"a\"}", "with 1 label(s), expected \"single_label_classification\" with at least 2")]
    public void Heads_of_transformers(string field, string value, string expected) => AssertRefused(expected, json =>
    {
        json["architectures"] = new JsonArray("BertForSequenceClassification");
        Set(json, field, value);
    });

    [Theory]
    [InlineData("[]", "is not a JSON object, expected a BERT's configuration")]
    [InlineData("{", "cannot be read as JSON")]
    [InlineData("{\"vocab_size\": 1, \"vocab_size\": 2}", "cannot be read as JSON")]
    [InlineData("{\"model_type\": \"\\ud83d\"}", "cannot be read as JSON")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "is a Git LFS pointer, expected the file itself; run \"git lfs pull\"")]
    public void Text_of_the_configuration(string content, string expected) => AssertRefused("config.json", content, expected);

    [Fact]
    public void A_configuration_of_more_parameters_than_memory_can_address()
    {
        string model = _folder.CopyModel();
        EditConfiguration(model, json =>
        {
            json["vocab_size"] = 100_000_000;
            json["hidden_size"] = 64;
        });
        string texts = _folder.Write("texts.csv", SmallTask.Csv(6));
        _folder.AssertUntouched(() => Embed(model, texts).AssertBadInput("the configuration describes", "expected at most"));
    }

    [Fact]
    public void A_file_too_large_to_be_what_its_name_says()
    {
        string model = _folder.CopyModel();
        using (FileStream file = new(Path.Combine(model, "config.json"), FileMode.Open))
            file.SetLength((64 << 20) + 1);
        _folder.AssertUntouched(() => CommandRun.Of("info", model).AssertBadInput("config.json: has 67108865 bytes, expected at most 67108864; is it another file under this name?"));
    }

    [Theory]
    [InlineData("[]", "expected a JSON object with settings such as \"do_lower_case\"")]
    [InlineData("{", "is no valid JSON (line 1)")]
    [InlineData("{\"unk_token\": \"\\ud83d\"}", "holds a string that is no Unicode")]
    [InlineData("{\"do_basic_tokenize\": false}", "asks for words split by another tool than BERT's basic tokenizer")]
    [InlineData("{\"do_lower_case\": \"yes\"}", "\"do_lower_case\" is \"yes\"; expected true, false or null")]
    [InlineData("{\"unk_token\": 7}", "\"unk_token\" is 7; expected a text, or an object with a text \"content\"")]
    [InlineData("{\"model_max_length\": 0}", "\"model_max_length\" is 0; expected a number of tokens, at least 1")]
    [InlineData("{\"engine_tokenizer\": \"bpe\"}", "\"engine_tokenizer\" is \"bpe\"; expected one of ")]
    [InlineData("{\"added_tokens_decoder\": {\"x\": \"[A]\"}}", "\"added_tokens_decoder\" has the key \"x\"; expected a token's id")]
    [InlineData("{\"added_tokens_decoder\": {\"256\": {\"content\": \"[A]\"}, \"0256\": {\"content\": \"[B]\"}}}", "\"added_tokens_decoder\" has the id 256 twice")]
    [InlineData("{\"added_tokens_decoder\": {\"256\": {\"content\": \"[A]\", \"lstrip\": true}}}", "the added token '[A]' has \"lstrip\": true; only tokens that are matched exactly")]
    [InlineData("{\"added_tokens_decoder\": {\"300\": \"[A]\"}}", "adds '[A]' with the id 300; expected id 256, the first one that is free")]
    [InlineData("{\"added_tokens_decoder\": {\"3\": {\"content\": \"[CLS]\"}}}", "gives '[CLS]' the id 3, but it is line 7 of")]
    public void Settings_of_the_tokenizer(string content, string expected) => AssertRefused("tokenizer_config.json", content, expected);

    [Theory]
    [InlineData("", "is empty; expected one token a line")]
    [InlineData("[UNK]\n[CLS]\n[SEP]\na\nb\na\n", "lines 4 and 6 both hold the token 'a'; every line must be a different token")]
    [InlineData("[CLS]\n[SEP]\na\n", "has no line [UNK], the token that ")]
    [InlineData("[UNK]\n[CLS]\n[SEP]\na\n", "has no line [PAD], the token that ")]
    [InlineData("[UNK]\n[SEP]\na\n", "has no line [CLS], the token that ")]
    [InlineData("[UNK]\n[CLS]\na\n", "has no line [SEP], the token that ")]
    public void Lines_of_the_vocabulary(string content, string expected) => AssertRefused("vocab.txt", content, expected);

    [Fact]
    public void Bytes_of_the_vocabulary_and_settings_against_each_other()
    {
        string model = _folder.CopyModel();
        string vocabulary = Path.Combine(model, "vocab.txt");
        File.WriteAllBytes(vocabulary, [.. "[UNK]\n[CLS]\n[SEP]\n"u8, 0xE9, (byte)'\n']);
        AssertTokenizerRefused(model, "vocab.txt: byte 18 is no valid UTF-8; save the file as UTF-8");
        // Messages quote the file; what would move a terminal's cursor does not get there.
        File.WriteAllText(vocabulary, "[UNK]\n[CLS]\n[SEP]\n\u001b[2J\n\u001b[2J\n");
        AssertTokenizerRefused(model, "lines 4 and 5 both hold the token '?[2J'");
        File.WriteAllText(vocabulary, "[UNK]\n[CLS]\n[SEP]\n");
        File.WriteAllText(Path.Combine(model, "tokenizer_config.json"), "{\"engine_tokenizer\": \"google\", \"clean_text\": false}");
        AssertTokenizerRefused(model, "the tokenizer's configuration says that clean_text is false, which the tokenizer 'google' does not have; use 'huggingface', or take the setting out");
    }

    [Fact]
    public void A_vocabulary_without_a_mask_fills_none()
    {
        string model = _folder.CopyModel();
        string vocabulary = Path.Combine(model, "vocab.txt");
        File.WriteAllText(vocabulary, File.ReadAllText(vocabulary).Replace("[MASK]", "[other]", StringComparison.Ordinal));
        _folder.AssertUntouched(() => CommandRun.Of("fill-mask", "--model", model, "--device", "cpu", "a [MASK]")
            .AssertBadInput("vocab.txt: has no [MASK], the token that stands for a word to be guessed; use the vocabulary that belongs to the model"));
    }

    [Fact]
    public void Pairs_for_a_model_of_one_segment()
    {
        string model = _folder.CopyModel();
        EditConfiguration(model, json => json["type_vocab_size"] = 1);
        string pairs = _folder.Write("pairs.csv", "id,text,second,target\n1,a,b,0\n2,c,d,1\n3,e,f,0\n4,g,h,1\n5,i,j,0\n");
        _folder.AssertUntouched(() =>
        {
            Embed(model, pairs, "--pair-column", "second").AssertBadInput("pairs.csv has pairs, and the model has one segment only (type_vocab_size 1)", "or no pair column");
            CommandRun.Of("train", "--model", model, "--train", pairs, "--pair-column", "second", "--out", _folder.File("out"), "--device", "cpu")
                .AssertBadInput("pairs.csv has pairs, and the model has one segment only (type_vocab_size 1)", "or no pair column");
        });
    }

    private static void Set(JsonObject json, string field, string? value)
    {
        if (value is null)
            json.Remove(field);
        else
            json[field] = JsonNode.Parse(value);
    }

    private static void EditConfiguration(string model, Action<JsonObject> edit)
    {
        string path = Path.Combine(model, "config.json");
        JsonObject json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        edit(json);
        File.WriteAllText(path, json.ToJsonString());
    }

    private CommandRun Embed(string model, string input, params string[] more) =>
        CommandRun.Of(["embed", "--model", model, "--input", input, "--out", _folder.File("vectors.csv"), "--device", "cpu", .. more]);

    private void AssertRefused(string expected, Action<JsonObject> edit)
    {
        string model = _folder.CopyModel();
        EditConfiguration(model, edit);
        _folder.AssertUntouched(() => CommandRun.Of("info", model).AssertBadInput(Path.Combine(model, "config.json"), expected));
    }

    private void AssertRefused(string file, string content, string expected)
    {
        string model = _folder.CopyModel();
        File.WriteAllText(Path.Combine(model, file), content);
        _folder.AssertUntouched(() => CommandRun.Of("info", model).AssertBadInput(Path.Combine(model, file), expected));
        if (file != "config.json")
            AssertTokenizerRefused(model, expected);
    }

    private void AssertTokenizerRefused(string model, string expected)
    {
        string text = _folder.Write("text.txt", "a\n");
        _folder.AssertUntouched(() => CommandRun.Of("tokenize", "--model", model, "--input", text, "--out", _folder.File("ids.jsonl")).AssertBadInput(model, expected));
    }
}
