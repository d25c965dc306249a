namespace Engine.Tokenizer.Matching;

/// <summary>The longest word that is looked up, after normalization; a longer one is unknown.</summary>
/// <param name="Characters">Its code points.</param>
/// <param name="Bytes">Its bytes in UTF-8.</param>
internal readonly record struct WordLimit(int Characters, int Bytes)
{
    private const int BytesPerCharacter = 4;

    /// <summary>Bytes that such a word and one more character may take.</summary>
    public int Room => Bytes + BytesPerCharacter;

    /// <summary>The limit that goes with a tokenizer's options.</summary>
    public static WordLimit Of(TokenizerOptions options) => options.Convention switch
    {
        TokenizerConvention.HuggingFace => OfCharacters(options.MaxInputCharactersPerWord ?? 100),
        TokenizerConvention.Google => OfCharacters(options.MaxInputCharactersPerWord ?? 400),
        _ => new WordLimit(options.MaxInputCharactersPerWord ?? 100, options.MaxInputCharactersPerWord ?? 100),
    };

    private static WordLimit OfCharacters(int characters) => new(characters, (int)Math.Min(Array.MaxLength - BytesPerCharacter, (long)characters * BytesPerCharacter));
}
