namespace Engine.Tokenizer.Tests;

/// <summary>A tokenizer whose vocabulary is single characters, so that the ids tell the words of a text after normalization.</summary>
internal sealed class CharacterVocabulary
{
    private readonly WordPieceTokenizer tokenizer;

    public CharacterVocabulary(IEnumerable<int> codePoints, string setting)
    {
        string[] characters = [.. codePoints.Distinct().Select(char.ConvertFromUtf32)];
        var vocabulary = new Vocabulary(["[UNK]", "[CLS]", "[SEP]", "[PAD]", .. characters, .. characters.Select(c => "##" + c)]);
        tokenizer = new WordPieceTokenizer(vocabulary, Options(setting));
    }

    public List<string> WordsOf(string text)
    {
        var ids = new List<int>();
        tokenizer.Encode(text, ids);
        var words = new List<string>();
        foreach (int id in ids)
        {
            string token = tokenizer.TokenOf(id);
            if (token.Length > 2 && token.StartsWith("##", StringComparison.Ordinal))
                words[^1] += token[2..];
            else
                words.Add(token);
        }
        return words;
    }

    public static TokenizerOptions Options(string setting) => setting switch
    {
        "uncased" => new TokenizerOptions(),
        "cased" => new TokenizerOptions { Lowercase = false },
        "lower-case-only" => new TokenizerOptions { StripAccents = false },
        "strip-only" => new TokenizerOptions { Lowercase = false, StripAccents = true },
        "google-uncased" => new TokenizerOptions { Convention = TokenizerConvention.Google },
        "google-cased" => new TokenizerOptions { Convention = TokenizerConvention.Google, Lowercase = false },
        "tftext-uncased" => new TokenizerOptions { Convention = TokenizerConvention.TensorFlowText },
        "tftext-cased" => new TokenizerOptions { Convention = TokenizerConvention.TensorFlowText, Lowercase = false },
        _ => throw new ArgumentException(setting),
    };

    public static IEnumerable<int> CodePoints(string text) => text.EnumerateRunes().Select(rune => rune.Value);
}
