using Engine.Kernels;

namespace Engine.Model;

/// <summary>
/// Where every parameter lies in the one arena that holds them all (gradients and moments have arenas of the same layout). Trained
/// parameters come first, of these the ones with weight decay, so that the optimizer is one launch over the arena's beginning and frozen
/// parameters need neither gradients nor moments.
/// </summary>
public sealed class ParameterLayout
{
    private readonly List<ParameterBlock> blocks = [];
    private readonly List<ParameterTensor> tensors = [];

    /// <summary>Lays out the parameters of a model.</summary>
    /// <param name="configuration">The model's shape.</param>
    /// <param name="head">Its head, or null.</param>
    /// <param name="hasPooler">Whether there are pooler weights.</param>
    /// <param name="trained">What training changes.</param>
    /// <param name="ownDecoder">Whether a masked-language-model head has a decoder of its own, and not the table of words.</param>
    /// <exception cref="ModelException">The model has more than 2^31 parameters.</exception>
    public ParameterLayout(BertConfiguration configuration, HeadOptions? head, bool hasPooler, TrainedPart trained, bool ownDecoder = false)
    {
        int hidden = configuration.HiddenSize;
        int wide = configuration.IntermediateSize;
        bool encoder = trained == TrainedPart.All;
        CheckSize(configuration, ownDecoder ? 2 : 1);

        WordTable = Table("embeddings.word_embeddings.weight", configuration.VocabularySize);
        PositionTable = Table("embeddings.position_embeddings.weight", configuration.MaxPositions);
        SegmentTable = Table("embeddings.token_type_embeddings.weight", configuration.SegmentCount);
        (EmbeddingGamma, EmbeddingBeta) = Norm("embeddings.LayerNorm");
        Layers = new LayerBlocks[configuration.LayerCount];
        for (int i = 0; i < Layers.Length; i++)
        {
            string layer = $"encoder.layer.{i}.";
            var (qkvWeight, qkvBias) = Fused(
                [layer + "attention.self.query", layer + "attention.self.key", layer + "attention.self.value"], hidden, hidden, encoder);
            var (contextWeight, contextBias) = Fused([layer + "attention.output.dense"], hidden, hidden, encoder);
            var (contextGamma, contextBeta) = Norm(layer + "attention.output.LayerNorm");
            var (intermediateWeight, intermediateBias) = Fused([layer + "intermediate.dense"], hidden, wide, encoder);
            var (outputWeight, outputBias) = Fused([layer + "output.dense"], wide, hidden, encoder);
            var (outputGamma, outputBeta) = Norm(layer + "output.LayerNorm");
            Layers[i] = new LayerBlocks(
                qkvWeight, qkvBias, contextWeight, contextBias, contextGamma, contextBeta,
                intermediateWeight, intermediateBias, outputWeight, outputBias, outputGamma, outputBeta);
        }

        if (hasPooler)
            Pooler = Fused(["pooler.dense"], hidden, hidden, encoder && head?.Pooling == Pooling.Pooled);
        if (head is not null)
            Head = Fused([HeadName(head)], hidden, head.Outputs, trained != TrainedPart.Nothing);
        if (configuration.Pretraining.HasFlag(PretrainingHeads.MaskedLanguage))
        {
            const string Name = "cls.predictions.";
            var (transformWeight, transformBias) = Fused([Name + "transform.dense"], hidden, hidden, encoder);
            var (gamma, beta) = Norm(Name + "transform.LayerNorm");
            var decoder = ownDecoder ? Table(Name + "decoder.weight", configuration.VocabularySize) : WordTable;
            var bias = Add(configuration.VocabularySize, decays: false, encoder);
            tensors.Add(new ParameterTensor(Name + "bias", [configuration.VocabularySize], bias));
            MaskedLanguage = new MaskedLanguageBlocks(transformWeight, transformBias, gamma, beta, decoder, bias);
        }

        if (configuration.Pretraining.HasFlag(PretrainingHeads.NextSentence))
            NextSentence = Fused(["cls.seq_relationship"], hidden, NextSentenceHead.Outputs, encoder);

        DecayedLength = Place(0, b => b.Trained && b.Decays);
        TrainedLength = Place(DecayedLength, b => b.Trained && !b.Decays);
        Length = Place(TrainedLength, b => !b.Trained);

        ParameterBlock Table(string name, int rows)
        {
            var block = Add(rows * hidden, decays: true, encoder);
            tensors.Add(new ParameterTensor(name, [rows, hidden], block));
            return block;
        }

        (ParameterBlock Gamma, ParameterBlock Beta) Norm(string name)
        {
            var gamma = Add(hidden, decays: false, encoder);
            var beta = Add(hidden, decays: false, encoder);
            tensors.Add(new ParameterTensor(name + ".weight", [hidden], gamma));
            tensors.Add(new ParameterTensor(name + ".bias", [hidden], beta));
            return (gamma, beta);
        }
    }

    /// <summary>All tensors, in the order of the layers.</summary>
    public IReadOnlyList<ParameterTensor> Tensors => tensors;

    /// <summary>The arena's elements, padding included.</summary>
    public int Length { get; }

    /// <summary>How many elements at the arena's beginning training changes.</summary>
    public int TrainedLength { get; }

    /// <summary>How many elements at the arena's beginning are trained with weight decay.</summary>
    public int DecayedLength { get; }

    /// <summary>The number of parameters, without padding.</summary>
    public long ParameterCount => tensors.Sum(t => (long)t.Count);

    /// <summary>[vocabulary, hidden].</summary>
    internal ParameterBlock WordTable { get; }

    /// <summary>[positions, hidden].</summary>
    internal ParameterBlock PositionTable { get; }

    /// <summary>[segments, hidden].</summary>
    internal ParameterBlock SegmentTable { get; }

    /// <summary>[hidden].</summary>
    internal ParameterBlock EmbeddingGamma { get; }

    /// <summary>[hidden].</summary>
    internal ParameterBlock EmbeddingBeta { get; }

    /// <summary>The encoder's layers.</summary>
    internal LayerBlocks[] Layers { get; }

    /// <summary>Weight [hidden, hidden] and bias [hidden], or null.</summary>
    internal (ParameterBlock Weight, ParameterBlock Bias)? Pooler { get; }

    /// <summary>Weight [hidden, outputs] and bias [outputs], or null.</summary>
    internal (ParameterBlock Weight, ParameterBlock Bias)? Head { get; }

    /// <summary>The masked-language-model head, or null.</summary>
    internal MaskedLanguageBlocks? MaskedLanguage { get; }

    /// <summary>Weight [hidden, 2] and bias [2], or null.</summary>
    internal (ParameterBlock Weight, ParameterBlock Bias)? NextSentence { get; }

    /// <summary>Every block, in the order of the layers.</summary>
    internal IReadOnlyList<ParameterBlock> Blocks => blocks;

    /// <summary>The name of a head's dense layer in files: <c>transformers</c>' own where it has the same function, else one of ours.</summary>
    internal static string HeadName(HeadOptions head) => head.Pooling == Pooling.Pooled ? "classifier" : "engine.head";

    private static void CheckSize(BertConfiguration c, int wordTables)
    {
        long hidden = c.HiddenSize;
        UInt128 tables = (UInt128)(((long)wordTables * c.VocabularySize) + c.MaxPositions + c.SegmentCount) * (UInt128)hidden;
        UInt128 layers = (UInt128)c.LayerCount * (UInt128)(4 * hidden * hidden + 2 * hidden * c.IntermediateSize);
        if (tables + layers > int.MaxValue - (1 << 24))
            throw new ModelException($"the configuration describes {tables + layers} parameters, expected at most {int.MaxValue - (1 << 24)}");
    }

    private ParameterBlock Add(int length, bool decays, bool trained)
    {
        var block = new ParameterBlock(length, decays, trained);
        blocks.Add(block);
        return block;
    }

    /// <summary>Linear layers of one shape side by side, in one [in, out * count] matrix.</summary>
    private (ParameterBlock Weight, ParameterBlock Bias) Fused(string[] names, int inputs, int outputs, bool trained)
    {
        int columns = names.Length * outputs;
        var weight = Add(inputs * columns, decays: true, trained);
        var bias = Add(columns, decays: false, trained);
        for (int i = 0; i < names.Length; i++)
        {
            tensors.Add(new ParameterTensor(names[i] + ".weight", [outputs, inputs], weight, i * outputs, columns));
            tensors.Add(new ParameterTensor(names[i] + ".bias", [outputs], bias, i * outputs));
        }

        return (weight, bias);
    }

    private int Place(int offset, Func<ParameterBlock, bool> chosen)
    {
        foreach (var block in blocks.Where(chosen))
        {
            block.Offset = offset;
            offset = checked(offset + (block.Length + Adam.DecayBlock - 1) / Adam.DecayBlock * Adam.DecayBlock);
        }

        return offset;
    }
}
