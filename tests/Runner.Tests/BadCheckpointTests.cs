using Xunit;

namespace Engine.Runner.Tests;

/// <summary>Checkpoints that are sound and no BERT, or none whole, or not what the options say: one line, exit code 2, nothing touched on the disk.</summary>
public sealed class BadCheckpointTests : IDisposable
{
    private const string Query = "bert/encoder/layer_0/attention/self/query/kernel";

    private readonly TestFolder _folder = new();

    private string Prefix => _folder.File("model.ckpt");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_checkpoint_that_the_others_change_converts()
    {
        SmallCheckpoint.Write(Prefix);
        CommandRun run = Convert();
        Assert.Equal((0, ""), (run.Code, run.Error));
    }

    [Theory]
    [InlineData("albert", "is an ALBERT, whose layers share one set of weights (it has a tensor \"albert/x\"); expected a BERT, the only architecture that is converted")]
    [InlineData("electra", "is an ELECTRA, whose embeddings are projected and which has no pooler (it has a tensor \"electra/x\"); expected a BERT")]
    [InlineData("distilbert", "is a DistilBERT, which has no segments and no pooler (it has a tensor \"distilbert/x\"); expected a BERT")]
    [InlineData("roberta", "is a RoBERTa, whose positions and vocabulary are counted differently (it has a tensor \"roberta/x\"); expected a BERT")]
    [InlineData("mobilebert", "is a MobileBERT, whose layers have bottlenecks (it has a tensor \"mobilebert/x\"); expected a BERT")]
    public void Relatives_by_their_tensors(string relative, string expected)
    {
        SmallCheckpoint.Write(Prefix, tensors => tensors[relative + "/x"] = [1]);
        AssertRefused(expected);
    }

    [Theory]
    [InlineData("{\"model_type\": \"albert\"}", "is an ALBERT, whose layers share one set of weights", "says \"albert\"")]
    [InlineData("{\"model_type\": \"deberta-v2\"}", "is a DeBERTa, whose attention depends on relative positions", "says \"deberta-v2\"")]
    [InlineData("{\"model_type\": \"gpt2\"}", "bert_config.json: model_type is \"gpt2\", expected \"bert\": only BERT is converted")]
    [InlineData("{\"hidden_act\": \"relu\", \"num_attention_heads\": 2}", "hidden_act is \"relu\", expected \"gelu\" or one of its tanh forms, as all BERTs have it")]
    [InlineData("{\"hidden_size\": 32, \"num_attention_heads\": 2}", "hidden_size is 32, expected 16, which the tensors have; the files do not belong together")]
    [InlineData("{\"num_attention_heads\": 3}", "num_attention_heads is 3, expected a divisor of hidden_size 16")]
    [InlineData("{", "bert_config.json: cannot be read as JSON")]
    public void Configurations_beside_it(string configuration, params string[] expected)
    {
        SmallCheckpoint.Write(Prefix);
        _folder.Write("bert_config.json", configuration);
        AssertRefused(expected);
    }

    [Fact]
    public void Tensors_that_make_no_encoder()
    {
        SmallCheckpoint.Write(Prefix, tensors => Remove(tensors, "layer_0", "layer_1"));
        AssertRefused("has embeddings but no encoder layers, expected a BERT");
        SmallCheckpoint.Write(Prefix, tensors => Remove(tensors, "layer_0"));
        AssertRefused("encoder layer 0 is missing, expected layers 0 to 1; the checkpoint is incomplete");
        SmallCheckpoint.Write(Prefix, tensors => tensors.Remove(Query));
        AssertRefused("nothing that becomes encoder.layer.0.attention.self.query.weight was found among its", "the checkpoint is incomplete or no BERT");
        SmallCheckpoint.Write(Prefix, tensors => tensors["more/" + SmallCheckpoint.Words] = tensors[SmallCheckpoint.Words]);
        AssertRefused("would both become embeddings.word_embeddings.weight; expected one BERT");
        SmallCheckpoint.Write(Prefix, tensors => tensors[Query] = [16, 15]);
        AssertRefused($"tensor \"{Query}\" has shape [16, 15], expected the elements of [16, 16] for ");
        SmallCheckpoint.Write(Prefix, types: new() { [Query] = 3 });
        AssertRefused($"tensor \"{Query}\" has type INT32, expected 32-bit or 16-bit floats for ");
        SmallCheckpoint.Write(Prefix, types: new() { [SmallCheckpoint.Words] = 3 });
        AssertRefused($"tensor \"{SmallCheckpoint.Words}\" has type INT32, expected 32-bit or 16-bit floats for ");
        SmallCheckpoint.Write(Prefix, tensors =>
        {
            Remove(tensors, "pooler");
            tensors["cls/seq_relationship/output_weights"] = [2, 16];
            tensors["cls/seq_relationship/output_bias"] = [2];
        });
        AssertRefused("has a next-sentence head but no pooler below it; the checkpoint is incomplete");

        static void Remove(Dictionary<string, int[]> tensors, params string[] parts)
        {
            foreach (string name in tensors.Keys.Where(name => parts.Any(part => name.Contains(part, StringComparison.Ordinal))).ToArray())
                tensors.Remove(name);
        }
    }

    [Fact]
    public void Vocabularies()
    {
        SmallCheckpoint.Write(Prefix);
        _folder.Write("vocab.txt", "[UNK]\n[CLS]\n[SEP]\na\na\n");
        AssertRefused("vocab.txt: lines 4 and 5 both hold the token 'a'; every line must be a different token");
        _folder.Write("vocab.txt", "[CLS]\n[SEP]\n");
        // A vocabulary is tried out when the folder is nearly written, and what was found is said by then.
        _folder.AssertUntouched(() => Convert().AssertEndedByBadInput("vocab.txt: has no line [UNK], the token that ", "use the vocab.txt that came with the model"));
        _folder.Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\n");
        AssertRefused("vocab.txt", "9", "8");
        File.Delete(_folder.File("vocab.txt"));
        AssertRefused("has no vocab.txt, expected the model's vocabulary beside it; give it with --vocab FILE");
    }

    [Fact]
    public void Several_checkpoints_in_a_folder()
    {
        SmallCheckpoint.Write(Prefix);
        SmallCheckpoint.Write(_folder.File("other.ckpt"));
        _folder.AssertUntouched(() => CommandRun.Of("convert", _folder.Path, "--out", _folder.File("deep/out"))
            .AssertBadInput("holds 2 checkpoints (model.ckpt, other.ckpt), expected one; give the prefix of one of them"));
    }

    [Fact]
    public void Hugging_Face_folders()
    {
        string model = _folder.CopyModel();
        File.WriteAllText(Path.Combine(model, "tokenizer_config.json"), "{\"engine_tokenizer\": \"bpe\"}");
        AssertFolderRefused("tokenizer_config.json: engine_tokenizer is \"bpe\", expected one of ");
        File.WriteAllText(Path.Combine(model, "tokenizer_config.json"), "{\"do_lower_case\": 1}");
        AssertFolderRefused("tokenizer_config.json", "do_lower_case", "true");
        File.Delete(Path.Combine(model, "tokenizer_config.json"));
        File.Move(Path.Combine(model, "model.safetensors"), Path.Combine(model, "pytorch_model.bin"));
        AssertFolderRefused("pytorch_model.bin: is not read, expected model.safetensors; save the model as safetensors");
        File.Move(Path.Combine(model, "pytorch_model.bin"), Path.Combine(model, "model.safetensors"));
        Safetensors.EditHeader(Path.Combine(model, "model.safetensors"), header =>
        {
            foreach (string name in header.Select(entry => entry.Key).Where(name => name.Contains("word_embeddings", StringComparison.Ordinal)).ToArray())
            {
                var tensor = header[name]!;
                header.Remove(name);
                header["of.no.model"] = tensor;
            }
        });
        AssertFolderRefused("tensor \"embeddings.word_embeddings.weight\" is missing, with and without a prefix; expected the weights of a BERT");

        void AssertFolderRefused(params string[] expected) =>
            _folder.AssertUntouched(() => CommandRun.Of("convert", model, "--out", _folder.File("deep/out")).AssertBadInput(expected));
    }

    [Fact]
    public void A_folder_that_holds_its_own_source()
    {
        // The folder is given by another name: as it is not there, it would be made around the source.
        string folder = Directory.CreateDirectory(_folder.File("model")).FullName;
        SmallCheckpoint.Write(Path.Combine(folder, "model.ckpt"));
        _folder.AssertUntouched(() => CommandRun.Of("convert", Path.Combine(folder, "model.ckpt"), "--out", folder).AssertBadInput("model exists and is not empty, and a new folder was expected"));
    }

    private CommandRun Convert() => CommandRun.Of("convert", Prefix, "--out", _folder.File("deep/out"));

    private void AssertRefused(params string[] expected) => _folder.AssertUntouched(() => Convert().AssertBadInput(expected));
}
