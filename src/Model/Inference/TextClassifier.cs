using Engine.Compute;
using Engine.Model.Data;
using Engine.Tokenizer;

namespace Engine.Model.Inference;

/// <summary>A fine-tuned model with its tokenizer: texts in, probabilities out.</summary>
public sealed class TextClassifier
{
    private readonly string _folder;
    private readonly WordPieceTokenizer _tokenizer;
    private readonly BertConfiguration _configuration;

    private TextClassifier(string folder, WordPieceTokenizer tokenizer, BertConfiguration configuration)
    {
        _folder = folder;
        _tokenizer = tokenizer;
        _configuration = configuration;
        Labels = new LabelMap(configuration.Head!.Labels);
    }

    /// <summary>The classes.</summary>
    public LabelMap Labels { get; }

    /// <summary>Reads a folder's configuration and tokenizer; the weights are read when they are needed.</summary>
    /// <param name="folder">A folder in Hugging Face layout with a classification head.</param>
    /// <exception cref="ModelException">The folder holds no BERT, or one without a head.</exception>
    /// <exception cref="IOException">The vocabulary is absent.</exception>
    /// <exception cref="InvalidDataException">The vocabulary is damaged.</exception>
    public static TextClassifier Open(string folder)
    {
        BertConfiguration configuration = BertConfiguration.Load(folder);
        if (configuration.Head is null)
            throw new ModelException(
                $"{folder}: the model has no classification head, and one was expected; "
                + $"fine-tune it first (engine train --model {folder}) and give the result.");
        return new TextClassifier(folder, WordPieceTokenizer.Load(folder), configuration);
    }

    /// <summary>Tokenizes a table's texts.</summary>
    /// <param name="table">The texts.</param>
    /// <param name="maxLength">The most tokens of a text, special tokens included.</param>
    /// <exception cref="ModelException">The length does not fit the model.</exception>
    public TokenizedTexts Tokenize(TextTable table, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(table);
        return TextLengths.Encode(_tokenizer, _configuration, table, maxLength);
    }

    /// <summary>Classifies texts.</summary>
    /// <param name="device">Where to compute.</param>
    /// <param name="texts">The tokenized texts.</param>
    /// <param name="labels">The class of each text, or null.</param>
    /// <param name="onBatch">Called after each batch with the number of texts done.</param>
    /// <param name="stop">Signalled when the user asks to stop.</param>
    /// <returns>Probabilities [texts, classes] and losses [texts] (empty without labels).</returns>
    /// <exception cref="ModelException">The weights are absent, damaged or of the wrong shape, or give no finite numbers.</exception>
    /// <exception cref="OperationCanceledException">The user asked to stop.</exception>
    public (float[] Probabilities, float[] Losses) Classify(
        ComputeDevice device, TokenizedTexts texts, int[]? labels = null, Action<int>? onBatch = null, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        using BertModel model = BertModel.Load(device, _folder, null, 0, InferenceLimits.For(texts));
        float[] probabilities = new float[texts.Count * Labels.Count];
        float[] losses = new float[labels is null ? 0 : texts.Count];
        BatchedClassification.Run(model, texts, labels, probabilities, losses, onBatch, stop);
        if (!Array.TrueForAll(probabilities, float.IsFinite))
            throw new ModelException($"{_folder}: the weights give no finite numbers, which were expected of a trained model; use another checkpoint.");
        return (probabilities, losses);
    }
}
