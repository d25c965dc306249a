using System.Globalization;
using System.Text.Json;

namespace Engine.Tokenizer;

/// <summary>Reads the <c>tokenizer_config.json</c> of Hugging Face's layout.</summary>
internal static class TokenizerConfiguration
{
    private static readonly JsonDocumentOptions Lenient = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <summary>The options that the file at <paramref name="path"/> states, and the tokens that it adds to the vocabulary, by id.</summary>
    /// <exception cref="InvalidDataException">The file is no such configuration, or asks for something that this tokenizer does not do.</exception>
    public static (TokenizerOptions Options, SortedList<int, string> AddedTokens) Load(string path)
    {
        byte[] bytes = FileContents.Read(path, "a tokenizer's configuration");
        string text = FileContents.DecodeUtf8(bytes, path);
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, Lenient);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? Read(document.RootElement, path)
                : throw new InvalidDataException($"{path}: expected a JSON object with settings such as \"do_lower_case\".");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path}: is no valid JSON (line {error.LineNumber + 1}): {error.Message}", error);
        }
        catch (InvalidOperationException error)
        {
            // An escape that stands for half a character shows only when the string is read.
            throw new InvalidDataException($"{path}: holds a string that is no Unicode: {error.Message}", error);
        }
    }

    private static (TokenizerOptions, SortedList<int, string>) Read(JsonElement root, string path)
    {
        if (Text(root, "tokenizer_class", path) == "BertJapaneseTokenizer" || Flag(root, "do_basic_tokenize", path) == false)
            throw new InvalidDataException($"{path}: asks for words split by another tool than BERT's basic tokenizer, which is the only one supported.");
        var defaults = new TokenizerOptions();
        var added = new SortedList<int, string>();
        var special = new List<string>();
        if (root.TryGetProperty("additional_special_tokens", out JsonElement list) && list.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in list.EnumerateArray())
                special.Add(TokenText(item, "additional_special_tokens", path));
        }
        if (root.TryGetProperty("added_tokens_decoder", out JsonElement decoder) && decoder.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty item in decoder.EnumerateObject())
            {
                if (!int.TryParse(item.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                    throw new InvalidDataException($"{path}: \"added_tokens_decoder\" has the key \"{item.Name}\"; expected a token's id.");
                string token = TokenText(item.Value, "added_tokens_decoder", path);
                foreach (string flag in (ReadOnlySpan<string>)["normalized", "lstrip", "rstrip", "single_word"])
                {
                    if (Flag(item.Value, flag, path) == true)
                        throw new InvalidDataException($"{path}: the added token '{token}' has \"{flag}\": true; only tokens that are matched exactly as written are supported.");
                }
                if (!added.TryAdd(id, token))
                    throw new InvalidDataException($"{path}: \"added_tokens_decoder\" has the id {id} twice.");
                special.Add(token);
            }
        }
        return (new TokenizerOptions
        {
            Convention = Convention(root, path),
            Lowercase = Flag(root, "do_lower_case", path) ?? defaults.Lowercase,
            StripAccents = Flag(root, "strip_accents", path),
            TokenizeChineseCharacters = Flag(root, "tokenize_chinese_chars", path) ?? defaults.TokenizeChineseCharacters,
            CleanText = Flag(root, "clean_text", path) ?? defaults.CleanText,
            ModelMaxLength = Length(root, "model_max_length", path) ?? defaults.ModelMaxLength,
            UnknownToken = Text(root, "unk_token", path) ?? defaults.UnknownToken,
            ClassifierToken = Text(root, "cls_token", path) ?? defaults.ClassifierToken,
            SeparatorToken = Text(root, "sep_token", path) ?? defaults.SeparatorToken,
            PaddingToken = Text(root, "pad_token", path) ?? defaults.PaddingToken,
            MaskToken = Text(root, "mask_token", path) ?? defaults.MaskToken,
            AdditionalSpecialTokens = special,
        }, added);
    }

    private static TokenizerConvention Convention(JsonElement root, string path)
    {
        const string key = TokenizerConventionNames.ConfigurationKey;
        if (Text(root, key, path) is not { } name)
            return TokenizerConvention.HuggingFace;
        return TokenizerConventionNames.TryParse(name, out TokenizerConvention convention)
            ? convention
            : throw Unexpected(key, root.GetProperty(key), $"one of {string.Join(", ", TokenizerConventionNames.All)}", path);
    }

    private static bool? Flag(JsonElement parent, string name, string path) =>
        parent.ValueKind != JsonValueKind.Object || !parent.TryGetProperty(name, out JsonElement value) ? null : value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Null => null,
            _ => throw Unexpected(name, value, "true, false or null", path),
        };

    private static string? Text(JsonElement parent, string name, string path) =>
        !parent.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null ? null : TokenText(value, name, path);

    private static string TokenText(JsonElement value, string name, string path)
    {
        if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("content", out JsonElement content))
            value = content;
        return value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : throw Unexpected(name, value, "a text, or an object with a text \"content\"", path);
    }

    // Hugging Face writes 1e30 for "no limit".
    private static int? Length(JsonElement parent, string name, string path)
    {
        if (!parent.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double length) || !(length >= 1))
            throw Unexpected(name, value, "a number of tokens, at least 1", path);
        return length >= TokenizerOptions.Unlimited ? TokenizerOptions.Unlimited : (int)length;
    }

    private static InvalidDataException Unexpected(string name, JsonElement value, string expected, string path) =>
        new($"{path}: \"{name}\" is {Shorten(value.GetRawText())}; expected {expected}.");

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "...";
}
