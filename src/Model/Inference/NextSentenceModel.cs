using Engine.Compute;
using Engine.Model.Checkpoints;
using Engine.Model.Data;
using Engine.Tokenizer;

namespace Engine.Model.Inference;

/// <summary>A model with its next-sentence head and its tokenizer: pairs of texts in, the probability that the second follows the first out.</summary>
public sealed class NextSentenceModel
{
    private readonly string _folder;
    private readonly WordPieceTokenizer _tokenizer;
    private readonly BertConfiguration _configuration;

    private NextSentenceModel(string folder, WordPieceTokenizer tokenizer, BertConfiguration configuration)
    {
        _folder = folder;
        _tokenizer = tokenizer;
        _configuration = configuration;
    }

    /// <summary>The model's shape.</summary>
    public BertConfiguration Configuration => _configuration;

    /// <summary>Reads a folder's configuration and tokenizer and looks for the head; the weights are read when they are needed.</summary>
    /// <param name="folder">A folder in Hugging Face layout with a pooler and a next-sentence head (<c>cls.seq_relationship.*</c>).</param>
    /// <exception cref="ModelException">The folder holds no BERT, or one without the head.</exception>
    /// <exception cref="IOException">The vocabulary is absent.</exception>
    /// <exception cref="InvalidDataException">The vocabulary is damaged.</exception>
    public static NextSentenceModel Open(string folder)
    {
        BertConfiguration configuration = BertConfiguration.Load(folder);
        PretrainingTensors.Require(folder, PretrainingHeads.NextSentence);
        return new NextSentenceModel(folder, WordPieceTokenizer.Load(folder), configuration);
    }

    /// <summary>Tokenizes a table's pairs.</summary>
    /// <param name="table">The pairs.</param>
    /// <param name="maxLength">The most tokens of a pair, special tokens included; a model with fewer positions cuts earlier.</param>
    /// <exception cref="ArgumentException">The table has no second texts.</exception>
    /// <exception cref="ModelException">The pairs do not fit the model.</exception>
    public TokenizedTexts Tokenize(TextTable table, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(table);
        if (table.Pairs is null)
            throw new ArgumentException($"{table.Source} has no second texts, and pairs were expected.", nameof(table));
        return TextLengths.Encode(_tokenizer, _configuration, table, maxLength);
    }

    /// <summary>Computes for every pair the probability that its second text follows the first. A pair's result has the same bits alone and among others.</summary>
    /// <param name="device">Where to compute.</param>
    /// <param name="pairs">The tokenized pairs.</param>
    /// <param name="onBatch">Called after each batch with the number of pairs done.</param>
    /// <param name="stop">Signalled when the user asks to stop.</param>
    /// <returns>[pairs]</returns>
    /// <exception cref="ModelException">The weights are absent, damaged, of the wrong shape or without finite results.</exception>
    /// <exception cref="OperationCanceledException">The user asked to stop.</exception>
    public float[] Probabilities(ComputeDevice device, TokenizedTexts pairs, Action<int>? onBatch = null, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        using BertModel model = BertModel.LoadPretraining(device, _folder, PretrainingHeads.NextSentence, InferenceLimits.For(pairs));
        BatchPacker packer = new(pairs, null, model.Limits);
        float[] ofBatch = new float[2 * model.Limits.MaxSequences];
        float[] probabilities = new float[pairs.Count];
        int done = 0;
        foreach (int[] rows in BatchPlan.ByLength(pairs, model.Limits))
        {
            stop.ThrowIfCancellationRequested();
            model.Forward(packer.Pack(rows), allStates: false);
            model.ReadNextSentenceProbabilities(ofBatch.AsSpan(0, 2 * rows.Length));
            for (int i = 0; i < rows.Length; i++)
                probabilities[rows[i]] = ofBatch[2 * i];
            done += rows.Length;
            onBatch?.Invoke(done);
        }
        if (!Array.TrueForAll(probabilities, float.IsFinite))
            throw new ModelException($"{_folder}: the weights give no finite numbers, which were expected of a trained model; use another checkpoint.");
        return probabilities;
    }
}
