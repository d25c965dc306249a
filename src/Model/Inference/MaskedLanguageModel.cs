using Engine.Compute;
using Engine.Model.Checkpoints;
using Engine.Model.Data;
using Engine.Tokenizer;

namespace Engine.Model.Inference;

/// <summary>A model with its masked-language-model head and its tokenizer: texts with [MASK] in, the tokens that may stand there out.</summary>
public sealed class MaskedLanguageModel
{
    private readonly string _folder;
    private readonly WordPieceTokenizer _tokenizer;
    private readonly BertConfiguration _configuration;

    private MaskedLanguageModel(string folder, WordPieceTokenizer tokenizer, BertConfiguration configuration)
    {
        _folder = folder;
        _tokenizer = tokenizer;
        _configuration = configuration;
    }

    /// <summary>The model's shape.</summary>
    public BertConfiguration Configuration => _configuration;

    /// <summary>Reads a folder's configuration and tokenizer and looks for the head; the weights are read when they are needed.</summary>
    /// <param name="folder">A folder in Hugging Face layout with a masked-language-model head (<c>cls.predictions.*</c>).</param>
    /// <exception cref="ModelException">The folder holds no BERT, or one without the head.</exception>
    /// <exception cref="IOException">The vocabulary is absent.</exception>
    /// <exception cref="InvalidDataException">The vocabulary is damaged.</exception>
    public static MaskedLanguageModel Open(string folder)
    {
        BertConfiguration configuration = BertConfiguration.Load(folder);
        PretrainingTensors.Require(folder, PretrainingHeads.MaskedLanguage);
        return new MaskedLanguageModel(folder, WordPieceTokenizer.Load(folder), configuration);
    }

    /// <summary>Tokenizes a table's texts.</summary>
    /// <param name="table">The texts, each with at least one mask; of pairs, either text may have it.</param>
    /// <param name="maxLength">The most tokens of a text, special tokens included; a model with fewer positions cuts earlier.</param>
    /// <exception cref="ModelException">A text has no mask or loses one where it is cut, or the texts do not fit the model.</exception>
    public MaskedTexts Tokenize(TextTable table, int maxLength)
    {
        TextLengths.Check(_tokenizer, _configuration, table);
        return MaskedTexts.Tokenize(_tokenizer, table, Math.Min(maxLength, _configuration.MaxPositions));
    }

    /// <summary>Finds the most probable tokens for every mask. A text's result has the same bits alone and among others.</summary>
    /// <param name="device">Where to compute.</param>
    /// <param name="texts">The tokenized texts.</param>
    /// <param name="count">How many candidates are wanted for each mask, 1 to the vocabulary's size.</param>
    /// <param name="onBatch">Called after each batch with the number of texts done.</param>
    /// <param name="stop">Signalled when the user asks to stop.</param>
    /// <returns>One result a text, in the texts' order.</returns>
    /// <exception cref="ModelException">The weights are absent, damaged, of the wrong shape or without finite results, or there are fewer tokens than candidates.</exception>
    /// <exception cref="OperationCanceledException">The user asked to stop.</exception>
    public FilledText[] Fill(ComputeDevice device, MaskedTexts texts, int count, Action<int>? onBatch = null, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (count > _configuration.VocabularySize)
            throw new ModelException($"{count} candidates for each mask, and at most {_configuration.VocabularySize} were expected, the tokens of the model's vocabulary; ask for fewer.");
        TokenizedTexts tokens = texts.Texts;
        using BertModel model = BertModel.LoadPretraining(device, _folder, PretrainingHeads.MaskedLanguage, InferenceLimits.For(tokens));
        BatchPacker packer = new(tokens, null, model.Limits);
        FilledText[] filled = new FilledText[tokens.Count];
        int done = 0;
        foreach (int[] rows in BatchPlan.ByLength(tokens, model.Limits))
        {
            stop.ThrowIfCancellationRequested();
            PackedBatch batch = packer.Pack(rows);
            model.Forward(batch);
            int[] masks = [.. rows.SelectMany((row, i) => texts.Masks[row].Select(place => batch.SequenceOffsets.Span[i] + place))];
            int[] ids = new int[masks.Length * count];
            float[] probabilities = new float[ids.Length];
            model.ReadTopTokens(masks, count, ids, probabilities);
            int next = 0;
            foreach (int row in rows)
            {
                IReadOnlyList<TokenCandidate>[] candidates = [.. texts.Masks[row].Select(_ => Candidates(ids, probabilities, count * next++, count))];
                filled[row] = new FilledText(texts.Table.Texts[row], texts.Table.Pairs?[row], texts.MaskToken, candidates);
            }
            done += rows.Length;
            onBatch?.Invoke(done);
        }
        return filled;
    }

    private TokenCandidate[] Candidates(int[] ids, float[] probabilities, int start, int count)
    {
        var candidates = new TokenCandidate[count];
        for (int i = 0; i < count; i++)
        {
            int id = ids[start + i];
            if (id < 0 || !float.IsFinite(probabilities[start + i]))
                throw new ModelException($"{_folder}: the weights give no finite numbers, which were expected of a trained model; use another checkpoint.");

            // A table of words may have more rows than the vocabulary has lines.
            string token = id < _tokenizer.Vocabulary.Count ? _tokenizer.TokenOf(id) : $"[id {id}]";
            candidates[i] = new TokenCandidate(id, token, probabilities[start + i]);
        }
        return candidates;
    }
}
