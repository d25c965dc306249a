namespace Engine.Tokenizer;

/// <summary>
/// Whose tokens a text becomes. The three agree on plain ASCII and differ at the corners of Unicode, in special tokens that stand in the text, in words that are very long and in how a
/// pair is cut; <c>docs/tokenizer.md</c> has the differences.
/// </summary>
public enum TokenizerConvention
{
    /// <summary>Hugging Face's <c>BertTokenizer</c> (the tokenizers library 0.23).</summary>
    HuggingFace,

    /// <summary>The <c>FullTokenizer</c> of BERT's authors, as in TensorFlow's Model Garden 2.20, on Python 3.12.</summary>
    Google,

    /// <summary>TensorFlow Text's <c>BertTokenizer</c> (2.20), that of the preprocessing models on TensorFlow Hub.</summary>
    TensorFlowText,
}

/// <summary>How configurations and commands call a <see cref="TokenizerConvention"/>.</summary>
public static class TokenizerConventionNames
{
    /// <summary>The key in <c>tokenizer_config.json</c>.</summary>
    public const string ConfigurationKey = "engine_tokenizer";

    private static readonly string[] Names = ["huggingface", "google", "tftext"];

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> All => Names;

    /// <summary>The name of a convention.</summary>
    public static string Name(this TokenizerConvention convention) => Names[(int)convention];

    /// <summary>The convention with a name; false where there is none.</summary>
    public static bool TryParse(string name, out TokenizerConvention convention)
    {
        int index = Array.IndexOf(Names, name);
        convention = (TokenizerConvention)Math.Max(index, 0);
        return index >= 0;
    }
}
