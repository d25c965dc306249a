using Engine.Model.Data;
using Engine.Tokenizer;

namespace Engine.Model.Inference;

/// <summary>Tokenizes for a model: within its positions and its vocabulary.</summary>
public static class TextLengths
{
    /// <summary>Tokenizes a table's texts.</summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="configuration">The model's shape.</param>
    /// <param name="table">The texts.</param>
    /// <param name="maxLength">The most tokens of a text, special tokens included; a model with fewer positions cuts earlier.</param>
    /// <exception cref="ModelException">The model has no segments for pairs, or fewer tokens than its vocabulary.</exception>
    public static TokenizedTexts Encode(WordPieceTokenizer tokenizer, BertConfiguration configuration, TextTable table, int maxLength)
    {
        Check(tokenizer, configuration, table);
        return tokenizer.EncodeAll(table.Texts, table.Pairs, Math.Min(maxLength, configuration.MaxPositions));
    }

    /// <summary>Checks that a table's texts and a vocabulary fit a model.</summary>
    /// <exception cref="ModelException">The model has no segments for pairs, or fewer tokens than its vocabulary.</exception>
    internal static void Check(WordPieceTokenizer tokenizer, BertConfiguration configuration, TextTable table)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(table);
        if (table.Pairs is not null && configuration.SegmentCount < 2)
            throw new ModelException(
                $"{table.Source} has pairs, and the model has one segment only (type_vocab_size 1); two were expected; use another model or no pair column.");
        if (tokenizer.Vocabulary.Count > configuration.VocabularySize)
            throw new ModelException(
                $"{tokenizer.Vocabulary.Source} has {tokenizer.Vocabulary.Count} tokens, and the model {configuration.VocabularySize} (vocab_size); "
                + "at most as many were expected; use the vocabulary that belongs to the model.");
    }
}
