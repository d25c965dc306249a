using System.Text.Json.Nodes;
using Engine.Tokenizer;

namespace Engine.Model.Conversion;

/// <summary>The tokenizer of a converted model: its vocabulary and settings, decided and checked before anything is written.</summary>
/// <param name="VocabularyPath">The vocabulary's file.</param>
/// <param name="Kind">Whose behaviour it has.</param>
/// <param name="KindReason">Why.</param>
/// <param name="Lowercase">Whether text is turned to lower case.</param>
/// <param name="LowercaseReason">How that is known.</param>
/// <param name="Configuration">What <c>tokenizer_config.json</c> will hold.</param>
/// <param name="Others">Further files that are copied.</param>
internal sealed record ConvertedTokenizerFiles(
    string VocabularyPath, ConvertedTokenizer Kind, string KindReason, bool Lowercase, string LowercaseReason, JsonObject Configuration,
    IReadOnlyList<string> Others)
{
    /// <summary>The name of the vocabulary's file.</summary>
    public const string VocabularyName = "vocab.txt";

    /// <summary>The name of the settings' file.</summary>
    public const string ConfigurationName = "tokenizer_config.json";

    /// <summary>Decides.</summary>
    /// <param name="source">The source.</param>
    /// <param name="options">What the user says.</param>
    /// <param name="sizes">The encoder's sizes.</param>
    /// <param name="notes">Receives what the user should know.</param>
    /// <exception cref="ModelException">There is no vocabulary, or it does not fit.</exception>
    public static ConvertedTokenizerFiles Decide(SourceModel source, ConversionOptions options, EncoderSizes sizes, ICollection<string> notes)
    {
        var (path, vocabulary) = Find(source, options, sizes, notes);
        if (vocabulary.Count > sizes.Vocabulary)
        {
            throw new ModelException(
                $"{path}: has {vocabulary.Count} tokens, expected at most {sizes.Vocabulary}, the rows of the word table; it belongs to another model: give the right one with --vocab FILE");
        }

        if (vocabulary.Count < sizes.Vocabulary)
            notes.Add($"the vocabulary has {vocabulary.Count} tokens and the word table {sizes.Vocabulary} rows: the last {sizes.Vocabulary - vocabulary.Count} are never used");
        var (lowercase, lowercaseReason) = options.Lowercase is { } given ? (given, given ? "--uncased says so" : "--cased says so")
            : source.Lowercase ?? Guess(vocabulary);
        var (kind, kindReason) = options.Tokenizer is { } chosen ? (chosen, "--tokenizer says so")
            : source.HasPreprocessing ? (ConvertedTokenizer.TensorFlowText, "the model comes with its preprocessing model")
            : source.IsTensorFlow ? (ConvertedTokenizer.Google, "as TensorFlow's scripts have it")
            : (Stated(source), "as the source has it");
        var configuration = (JsonObject?)source.TokenizerConfiguration?.DeepClone() ?? [];
        configuration["tokenizer_class"] ??= "BertTokenizer";
        configuration["do_lower_case"] = lowercase;
        configuration["model_max_length"] ??= sizes.Positions;
        configuration["engine_tokenizer"] = Name(kind);
        bool isUnchanged = options.Vocabulary is null && options.Lowercase is null;
        return new ConvertedTokenizerFiles(path, kind, kindReason, lowercase, lowercaseReason, configuration, isUnchanged ? source.TokenizerFiles : []);
    }

    /// <summary>A kind as <c>tokenizer_config.json</c> and the command line spell it.</summary>
    public static string Name(ConvertedTokenizer kind) => kind switch
    {
        ConvertedTokenizer.Google => "google",
        ConvertedTokenizer.TensorFlowText => "tftext",
        _ => "huggingface",
    };

    private static (string Path, Vocabulary Vocabulary) Find(
        SourceModel source, ConversionOptions options, EncoderSizes sizes, ICollection<string> notes)
    {
        if ((options.Vocabulary ?? source.VocabularyPath) is { } path)
            return (path, Load(path));

        // Checkpoints of training runs often lie in a folder below that of the vocabulary.
        string above = Path.GetFullPath(Path.Combine(source.Folder, "..", VocabularyName));
        if (File.Exists(above) && Load(above) is { } vocabulary && vocabulary.Count == sizes.Vocabulary)
        {
            notes.Add($"the vocabulary is that of the folder above, {above}, which has as many tokens (--vocab FILE says otherwise)");
            return (above, vocabulary);
        }

        throw new ModelException($"{source.Path}: has no {VocabularyName}, expected the model's vocabulary beside it; give it with --vocab FILE");
    }

    private static Vocabulary Load(string path)
    {
        try
        {
            return Vocabulary.Load(path);
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new ModelException(exception.Message, exception);
        }
    }

    private static ConvertedTokenizer Stated(SourceModel source)
    {
        const string Key = "engine_tokenizer";
        if (source.TokenizerConfiguration?[Key] is not { } stated)
            return ConvertedTokenizer.HuggingFace;
        var kinds = Enum.GetValues<ConvertedTokenizer>();
        int found = Array.FindIndex(kinds, kind => stated is JsonValue value && value.TryGetValue(out string? name) && name == Name(kind));
        return found >= 0
            ? kinds[found]
            : throw new ModelException(
                $"{Path.Combine(source.Folder, ConfigurationName)}: {Key} is {stated.ToJsonString()}, expected one of {string.Join(", ", kinds.Select(Name))}");
    }

    /// <summary>An uncased vocabulary has capitals in its special tokens alone, which stand in brackets.</summary>
    private static (bool, string) Guess(Vocabulary vocabulary)
    {
        string? capital = vocabulary.Tokens.FirstOrDefault(token => !token.StartsWith('[') && token.Any(char.IsUpper));
        return capital is null ? (true, "the vocabulary has no capitals") : (false, $"the vocabulary has capitals: \"{capital}\"");
    }
}
