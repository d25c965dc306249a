using Engine.Model.Checkpoints;
using Engine.Model.Tests.Data;
using Xunit;

namespace Engine.Model.Tests.Model;

/// <summary>The heads of the pre-training tasks in model folders: names of all kinds, decoders tied and untied, what is missing, what is saved.</summary>
[Collection(ModelDevices.Collection)]
public sealed class PretrainingHeadFolderTests(ModelDevices devices) : IDisposable
{
    private const PretrainingHeads Both = PretrainingHeads.MaskedLanguage | PretrainingHeads.NextSentence;
    private const string Decoder = "cls.predictions.decoder.weight";
    private const string Words = "bert.embeddings.word_embeddings.weight";
    private static readonly string Source = Fixtures.At("models", "erf");
    private static readonly int[] Lengths = [7, 30, 1];
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData("bert.", "cls.", "weight", "bias", "bias")]
    [InlineData("", "cls.", "weight", "bias", "bias")]
    [InlineData("bert.", "cls.", "gamma", "beta", "decoder.bias")]
    [InlineData("model.bert.", "model.cls.", "gamma", "beta", "bias")]
    public void Names_of_all_kinds_are_read(string encoder, string heads, string gamma, string beta, string bias)
    {
        var expected = Outputs(Source, Both);
        RewrittenModel.Write(Source, folder, TensorType.F32, name =>
        {
            name = name.Replace("cls.predictions.bias", "cls.predictions." + bias, StringComparison.Ordinal);
            name = name.Replace("LayerNorm.weight", "LayerNorm." + gamma, StringComparison.Ordinal);
            name = name.Replace("LayerNorm.bias", "LayerNorm." + beta, StringComparison.Ordinal);
            return name.StartsWith("cls.", StringComparison.Ordinal) ? heads + name["cls.".Length..] : encoder + name["bert.".Length..];
        });
        Assert.Equal(Both, PretrainingTensors.HeadsOf(folder.Path));
        Assert.Equal(expected, Outputs(folder.Path, Both));
    }

    [Fact]
    public void A_decoder_that_repeats_the_words_takes_no_memory()
    {
        using var words = SafetensorsFile.Open(Path.Combine(Source, "model.safetensors"));
        RewrittenModel.Write(
            Source, folder, TensorType.F32, name => name, new TensorSource(Decoder, [256, 32], (start, target) => words.ReadFloats(Words, start, target)));
        using var model = Load(folder.Path, PretrainingHeads.MaskedLanguage);
        Assert.DoesNotContain(model.Parameters.Tensors, tensor => tensor.Name == Decoder);
        Assert.Equal(Outputs(Source, PretrainingHeads.MaskedLanguage), Outputs(model));
    }

    [Fact]
    public void A_decoder_of_its_own_is_used()
    {
        // The words in another order: the same logits, in that order.
        using var words = SafetensorsFile.Open(Path.Combine(Source, "model.safetensors"));
        float[] turned = [.. words.ReadFloats(Words).Chunk(32).Reverse().SelectMany(row => row)];
        float[] bias = words.ReadFloats("cls.predictions.bias");
        RewrittenModel.Write(
            Source, folder, TensorType.F32, name => name == "cls.predictions.bias" ? null : name,
            new TensorSource(Decoder, [256, 32], (start, target) => turned.AsSpan((int)start, target.Length).CopyTo(target)),
            new TensorSource("cls.predictions.bias", [256], (start, target) => bias.Reverse().Skip((int)start).Take(target.Length).ToArray().CopyTo(target)));
        using var model = Load(folder.Path, PretrainingHeads.MaskedLanguage);
        Assert.Contains(model.Parameters.Tensors, tensor => tensor.Name == Decoder);
        Assert.Equal(Outputs(Source, PretrainingHeads.MaskedLanguage).Chunk(256).SelectMany(row => row.Reverse()), Outputs(model));

        string again = folder.File("again");
        model.Save(again);
        Assert.Equal(Outputs(model), Outputs(again, PretrainingHeads.MaskedLanguage));
    }

    [Theory]
    [InlineData(PretrainingHeads.MaskedLanguage, "BertForMaskedLM")]
    [InlineData(PretrainingHeads.NextSentence, "BertForNextSentencePrediction")]
    [InlineData(Both, "BertForPreTraining")]
    public void Saved_heads_come_back_and_the_encoder_serves_for_training(PretrainingHeads heads, string architecture)
    {
        string saved = folder.File("saved");
        using (var model = Load(Source, heads))
            model.Save(saved);
        Assert.Contains($"\"{architecture}\"", File.ReadAllText(Path.Combine(saved, "config.json")), StringComparison.Ordinal);
        Assert.Equal(heads, PretrainingTensors.HeadsOf(saved));
        Assert.Equal(Outputs(Source, heads), Outputs(saved, heads));
        using (var file = SafetensorsFile.Open(Path.Combine(saved, "model.safetensors")))
        {
            Assert.All(
                file.Tensors.Keys,
                name => Assert.True(name.StartsWith("bert.", StringComparison.Ordinal) || name.StartsWith("cls.", StringComparison.Ordinal), name));
        }

        // The heads do not stand in the way of another one.
        var options = new HeadOptions(HeadKind.PooledSoftmax, ["a", "b"]);
        using var trained = BertModel.Load(devices.Get("cpu"), saved, options, 1, new BatchLimits(100, 3), TrainedPart.All);
        Assert.Equal(["classifier.bias", "classifier.weight"], trained.NewTensors.Order());
        using var encoder = BertModel.Load(devices.Get("cpu"), saved, null, 1, new BatchLimits(100, 3));
        Assert.Null(encoder.Configuration.Head);
        Assert.DoesNotContain(encoder.Parameters.Tensors, tensor => tensor.IsPretraining);
    }

    [Fact]
    public void Masked_language_models_need_no_pooler()
    {
        // As BertForMaskedLM is saved.
        RewrittenModel.Write(
            Source, folder, TensorType.F32, name => name.Contains("pooler", StringComparison.Ordinal) || name.Contains("seq_relationship", StringComparison.Ordinal) ? null : name);
        Assert.Equal(Outputs(Source, PretrainingHeads.MaskedLanguage), Outputs(folder.Path, PretrainingHeads.MaskedLanguage));
    }

    [Fact]
    public void A_head_that_is_missing_is_one_clear_error()
    {
        RewrittenModel.Write(Source, folder, TensorType.F32, name => name.StartsWith("cls.predictions", StringComparison.Ordinal) ? null : name);
        Refused(PretrainingHeads.MaskedLanguage, "holds an encoder with a next-sentence head", "a masked-language-model head (cls.predictions.*)", "engine convert");
        Load(folder.Path, PretrainingHeads.NextSentence).Dispose();

        RewrittenModel.Write(Source, folder, TensorType.F32, name => name.StartsWith("cls.", StringComparison.Ordinal) ? null : name);
        Refused(Both, "without heads of the pre-training tasks", "cls.predictions.* and cls.seq_relationship.*");
    }

    [Theory]
    [InlineData(PretrainingHeads.MaskedLanguage, "cls.predictions.bias", "\"cls.predictions.bias\" is missing, expected with shape [256]")]
    [InlineData(PretrainingHeads.MaskedLanguage, "cls.predictions.transform.LayerNorm.bias", "LayerNorm.bias\" is missing")]
    [InlineData(PretrainingHeads.NextSentence, "cls.seq_relationship.bias", "\"cls.seq_relationship.bias\" is missing, expected with shape [2]")]
    [InlineData(PretrainingHeads.NextSentence, "bert.pooler.dense.weight", "\"bert.pooler.dense.weight\" is missing")]
    public void A_head_that_is_there_in_part_names_what_it_lacks(PretrainingHeads heads, string missing, string expected)
    {
        RewrittenModel.Write(Source, folder, TensorType.F32, name => name == missing ? null : name);
        Refused(heads, expected);
    }

    [Fact]
    public void What_was_not_loaded_or_computed_is_refused()
    {
        using var none = BertModel.Load(devices.Get("cpu"), Source, null, 1, new BatchLimits(100, 3));
        none.Forward(Batches.Random(none.Configuration, Lengths, 8));
        Assert.Throws<InvalidOperationException>(() => none.ReadTokenLogits([0], new float[256]));
        Assert.Throws<InvalidOperationException>(() => none.ReadNextSentenceLogits(new float[6]));

        using var model = Load(Source, Both);
        var batch = Batches.Random(model.Configuration, Lengths, 8);
        model.Forward(batch, allStates: false);
        Assert.Throws<InvalidOperationException>(() => model.ReadTokenLogits([0], new float[256]));
        model.Forward(batch);
        Assert.Throws<ArgumentException>(() => model.ReadTokenLogits([38], new float[256]));
        Assert.Throws<ArgumentException>(() => model.ReadTokenLogits([0], new float[255]));
        Assert.Throws<ArgumentException>(() => model.ReadTopTokens([0], 3, new int[2], new float[3]));
        Assert.Throws<ArgumentOutOfRangeException>(() => model.ReadTopTokens([0], 257, new int[257], new float[257]));
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("ilgpu-cpu")]
    public void Tokens_and_pairs_have_the_same_bits_alone_and_in_a_batch(string device)
    {
        using var model = BertModel.LoadPretraining(devices.Get(device), Source, Both, new BatchLimits(100, 3));
        var batch = Batches.Random(model.Configuration, Lengths, 8);
        model.Forward(batch);

        // More tokens than the head takes at once, in no order.
        int[] tokens = device == "cpu" ? [.. Enumerable.Range(0, 150).Select(i => i * 17 % 38)] : [9, 37, 0];
        var logits = new float[tokens.Length * 256];
        model.ReadTokenLogits(tokens, logits);
        var ids = new int[tokens.Length * 3];
        var probabilities = new float[ids.Length];
        model.ReadTopTokens(tokens, 3, ids, probabilities);
        var pairs = new float[6];
        model.ReadNextSentenceProbabilities(pairs);

        // Without the states that the pairs' head does not see: the same bits.
        model.Forward(batch, allStates: false);
        var again = new float[6];
        model.ReadNextSentenceProbabilities(again);
        Assert.Equal(pairs, again);

        for (int sequence = 0; sequence < Lengths.Length; sequence++)
        {
            int begin = batch.SequenceOffsets.Span[sequence], end = batch.SequenceOffsets.Span[sequence + 1];
            model.Forward(Batches.Part(batch, sequence, 1));
            model.ReadNextSentenceProbabilities(again.AsSpan(0, 2));
            Assert.Equal(pairs[(2 * sequence)..(2 * sequence + 2)], again[..2]);
            foreach (int i in Enumerable.Range(0, tokens.Length).Where(i => tokens[i] >= begin && tokens[i] < end))
            {
                var alone = new float[256];
                model.ReadTokenLogits([tokens[i] - begin], alone);
                Assert.Equal(logits[(256 * i)..(256 * i + 256)], alone);
                var id = new int[3];
                model.ReadTopTokens([tokens[i] - begin], 3, id, alone.AsSpan(0, 3));
                Assert.Equal(ids[(3 * i)..(3 * i + 3)], id);
                Assert.Equal(probabilities[(3 * i)..(3 * i + 3)], alone[..3]);
            }
        }
    }

    public void Dispose() => folder.Dispose();

    private BertModel Load(string path, PretrainingHeads heads) => BertModel.LoadPretraining(devices.Get("cpu"), path, heads, new BatchLimits(100, 3));

    private float[] Outputs(string path, PretrainingHeads heads)
    {
        using var model = Load(path, heads);
        return Outputs(model);
    }

    private static float[] Outputs(BertModel model)
    {
        model.Forward(Batches.Random(model.Configuration, Lengths, 8));
        var tokens = new float[model.Configuration.Pretraining.HasFlag(PretrainingHeads.MaskedLanguage) ? 2 * 256 : 0];
        if (tokens.Length > 0)
            model.ReadTokenLogits([3, 20], tokens);
        var pairs = new float[model.Configuration.Pretraining.HasFlag(PretrainingHeads.NextSentence) ? 6 : 0];
        if (pairs.Length > 0)
            model.ReadNextSentenceLogits(pairs);
        return [.. tokens, .. pairs];
    }

    private void Refused(PretrainingHeads heads, params string[] expected)
    {
        var exception = Assert.Throws<ModelException>(() => Load(folder.Path, heads).Dispose());
        Assert.All(expected, text => Assert.Contains(text, exception.Message, StringComparison.Ordinal));
        Assert.Contains("model.safetensors", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }
}
