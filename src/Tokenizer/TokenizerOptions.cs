namespace Engine.Tokenizer;

/// <summary>How a BERT model's text is prepared. The defaults are those of an uncased model.</summary>
public sealed record TokenizerOptions
{
    /// <summary>No limit on the length of a sequence.</summary>
    public const int Unlimited = int.MaxValue;

    /// <summary>Whose tokens a text becomes. The defaults of the other options follow it.</summary>
    public TokenizerConvention Convention { get; init; }

    /// <summary>Whether text is turned to lower case: true for uncased models.</summary>
    public bool Lowercase { get; init; } = true;

    /// <summary>Whether accents (nonspacing marks) are removed; null: exactly where text is turned to lower case, the only choice outside of Hugging Face's convention.</summary>
    public bool? StripAccents { get; init; }

    /// <summary>Whether every Chinese character (CJK ideograph) is a word; always so outside of Hugging Face's convention.</summary>
    public bool TokenizeChineseCharacters { get; init; } = true;

    /// <summary>Whether control characters are removed and every white space is a plain space; outside of Hugging Face's convention the text is always cleaned.</summary>
    public bool CleanText { get; init; } = true;

    /// <summary>
    /// Words with more characters than this (TensorFlow Text: bytes of UTF-8), after normalization, are unknown; null: 100, in Google's convention 400.
    /// </summary>
    public int? MaxInputCharactersPerWord { get; init; }

    /// <summary>
    /// Whether special tokens such as [MASK] are recognized in the text and stay whole; null: in Hugging Face's convention only. The other two split them like any other text.
    /// </summary>
    public bool? MatchSpecialTokens { get; init; }

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
