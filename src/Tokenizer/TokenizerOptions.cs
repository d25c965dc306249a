namespace Engine.Tokenizer;

/// <summary>How a BERT model's text is prepared. The defaults are those of an uncased model.</summary>
public sealed record TokenizerOptions
{
    /// <summary>No limit on the length of a sequence.</summary>
    public const int Unlimited = int.MaxValue;

    /// <summary>Whether text is turned to lower case: true for uncased models.</summary>
    public bool Lowercase { get; init; } = true;

    /// <summary>Whether accents (nonspacing marks) are removed; null: exactly where text is turned to lower case.</summary>
    public bool? StripAccents { get; init; }

    /// <summary>Whether every Chinese character (CJK ideograph) is a word.</summary>
    public bool TokenizeChineseCharacters { get; init; } = true;

    /// <summary>Whether control characters are removed and every white space is a plain space.</summary>
    public bool CleanText { get; init; } = true;

    /// <summary>Words with more characters than this, after normalization, are unknown.</summary>
    public int MaxInputCharactersPerWord { get; init; } = 100;

    /// <summary>The longest sequence that the model takes, special tokens included.</summary>
    public int ModelMaxLength { get; init; } = 512;

    /// <summary>The token for words that cannot be put together.</summary>
    public string UnknownToken { get; init; } = "[UNK]";

    /// <summary>The token that starts every sequence.</summary>
    public string ClassifierToken { get; init; } = "[CLS]";

    /// <summary>The token that ends each text.</summary>
    public string SeparatorToken { get; init; } = "[SEP]";

    /// <summary>The token that fills sequences up where a consumer wants equal lengths.</summary>
    public string PaddingToken { get; init; } = "[PAD]";

    /// <summary>The token that stands for a word to be guessed; a vocabulary may lack it.</summary>
    public string MaskToken { get; init; } = "[MASK]";

    /// <summary>Further tokens of the vocabulary that are recognized in the text as they are written and never split.</summary>
    public IReadOnlyList<string> AdditionalSpecialTokens { get; init; } = [];
}
