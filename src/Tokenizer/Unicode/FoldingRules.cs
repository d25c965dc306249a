namespace Engine.Tokenizer.Unicode;

/// <summary>
/// The whole of a tokenizer's normalization and splitting, for one character at a time: cleaning, spaces around ideographs, decomposition, accents, lower case, white space and punctuation.
/// What depends on a character's neighbours is left to the caller: the order of combining marks, and the final sigma (<see cref="FinalSigma"/>).
/// </summary>
internal abstract class FoldingRules(CharacterProperties properties)
{
    /// <summary>U+FFFD.</summary>
    protected const int ReplacementCharacter = 0xFFFD;

    /// <summary>U+0130, the one character whose lower case is two: i and a combining dot.</summary>
    protected const int DottedCapitalI = 0x130, CombiningDotAbove = 0x307;

    /// <summary>Whether Hangul syllables fall into their jamo.</summary>
    public abstract bool DecomposesHangul { get; }

    /// <summary>The characters' properties.</summary>
    protected CharacterProperties Properties { get; } = properties;

    /// <summary>The rules that go with a tokenizer's options.</summary>
    public static FoldingRules For(TokenizerOptions options) => options.Convention switch
    {
        TokenizerConvention.Google => new GoogleRules(options.Lowercase),
        TokenizerConvention.TensorFlowText => new TensorFlowTextRules(options.Lowercase),
        _ => new HuggingFaceRules(options.CleanText, options.TokenizeChineseCharacters, options.StripAccents ?? options.Lowercase, options.Lowercase),
    };

    /// <summary>Adds what becomes of code point <paramref name="c"/>; nothing where it is removed.</summary>
    public abstract void Fold(int c, ref FoldedItems items);

    /// <summary>Whether <paramref name="count"/> code points from <paramref name="first"/> on, which lie in one block of 128, are parts of words and stay as they are.</summary>
    public bool ArePlain(int first, int count) => Properties.ArePlain(first, count) && !IsIdeograph(first) && !IsIdeograph(first + count - 1);

    /// <summary>BERT's CJK ideographs, without kana and Hangul.</summary>
    protected virtual bool IsIdeograph(int c) => c is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF or >= 0x20000 and <= 0x2A6DF or >= 0x2A700 and <= 0x2B73F
        or >= 0x2B740 and <= 0x2B81F or >= 0x2B820 and <= 0x2CEAF or >= 0xF900 and <= 0xFAFF or >= 0x2F800 and <= 0x2FA1F;

    /// <summary>Adds a part of a canonical decomposition: a nonspacing mark as one that is dropped, anything else as <paramref name="kind"/>.</summary>
    protected void AddWithoutAccent(int part, FoldKind kind, ref FoldedItems items)
    {
        int combiningClass = Properties.CombiningClass(part);
        if (Properties.Is(part, CharacterFlags.NonspacingMark))
            items.Add(part, combiningClass, combiningClass == 0 ? FoldKind.RemovedStarter : FoldKind.Removed);
        else
            items.Add(part, combiningClass, kind);
    }

    /// <summary>What a character that survived cleaning does to words.</summary>
    protected FoldKind KindOf(int c) =>
        Properties.Is(c, CharacterFlags.WhiteSpace) ? FoldKind.Space : Properties.Is(c, CharacterFlags.Punctuation) ? FoldKind.Isolated : FoldKind.Word;
}
