using System.CommandLine;
using Engine.Tokenizer;

namespace Engine.Runner.Options;

/// <summary>Whose tokens texts become.</summary>
internal sealed class TokenizerOption
{
    private const string Auto = "auto";

    private readonly Option<string> _tokenizer = OptionFactory.Choice(
        "--tokenizer", Auto,
        "Whose tokens: huggingface (BertTokenizer), google (FullTokenizer of BERT's authors) or tftext (BertTokenizer of TensorFlow Text, that of TF-Hub's preprocessing models). They agree on plain "
        + $"English and differ at accents, ligatures, control characters, very long words, special tokens in the text and pairs that are cut. auto: as \"{TokenizerConventionNames.ConfigurationKey}\" in the "
        + "model's tokenizer_config.json says, huggingface where it says nothing.",
        [Auto, .. TokenizerConventionNames.All]);

    /// <summary>Adds the option to a command.</summary>
    public void AddTo(Command command) => command.Add(_tokenizer);

    /// <summary>The tokenizer of a model's folder, as the option says.</summary>
    public WordPieceTokenizer Load(ParseResult parsed, string folder) =>
        WordPieceTokenizer.Load(folder, TokenizerConventionNames.TryParse(parsed.GetRequiredValue(_tokenizer), out TokenizerConvention convention) ? convention : null);
}
