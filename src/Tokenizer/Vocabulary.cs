using System.Text;

namespace Engine.Tokenizer;

/// <summary>The tokens of a WordPiece model, in the order of their ids. Never changes.</summary>
public sealed class Vocabulary
{
    // What str.strip takes off: White_Space and four separators of ASCII.
    private static readonly char[] PythonWhiteSpace =
        [.. Enumerable.Range(0, char.MaxValue + 1).Select(c => (char)c).Where(c => char.IsWhiteSpace(c) || c is >= '\u001C' and <= '\u001F')];

    private readonly string[] tokens;
    private readonly Dictionary<string, int> ids;

    /// <summary>A vocabulary of <paramref name="tokens"/>: the index is the id. Empty strings hold an id that no text yields.</summary>
    /// <param name="tokens">The tokens, such as <c>hello</c> and <c>##ing</c>.</param>
    /// <param name="source">What messages call the vocabulary: the path of its file.</param>
    /// <exception cref="InvalidDataException">There is none, or one appears twice.</exception>
    public Vocabulary(IEnumerable<string> tokens, string source = "the vocabulary")
    {
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(source);
        Source = source;
        this.tokens = [.. tokens];
        ids = new Dictionary<string, int>(this.tokens.Length, StringComparer.Ordinal);
        for (int id = 0; id < this.tokens.Length; id++)
        {
            string token = this.tokens[id];
            if (token.Length > 0 && !ids.TryAdd(token, id))
                throw new InvalidDataException($"{source}: lines {ids[token] + 1} and {id + 1} both hold the token '{token}'; every line must be a different token, because its number is its id.");
        }
        if (ids.Count == 0)
            throw new InvalidDataException($"{source}: is empty; expected one token a line, as in the vocab.txt that comes with a BERT model.");
        if (this.tokens.Length >= Matching.DoubleArrayTrie.MaxTokens)
            throw new InvalidDataException($"{source}: has {this.tokens.Length} lines; at most {Matching.DoubleArrayTrie.MaxTokens - 1} are supported.");
    }

    /// <summary>Where the vocabulary came from, for messages.</summary>
    public string Source { get; }

    /// <summary>How many ids there are.</summary>
    public int Count => tokens.Length;

    /// <summary>The token with an id.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such id.</exception>
    public string this[int id] => (uint)id < (uint)tokens.Length
        ? tokens[id]
        : throw new ArgumentOutOfRangeException(nameof(id), id, $"{Source} has the ids 0 to {tokens.Length - 1}.");

    /// <summary>All tokens, by id.</summary>
    public IReadOnlyList<string> Tokens => tokens;

    /// <summary>The id of a token.</summary>
    public bool TryGetId(string token, out int id) => ids.TryGetValue(token, out id);

    /// <summary>Reads a <c>vocab.txt</c>: UTF-8, one token a line, empty lines at the end of the file are ignored.</summary>
    /// <param name="path">The file.</param>
    /// <param name="convention">
    /// Whose way of reading a line: white space is no part of the token at its end (Hugging Face) or at both ends (Google, by Python's <c>strip</c>), or is part of it, apart from carriage
    /// returns (TensorFlow Text).
    /// </param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is empty, no UTF-8, or has a token twice.</exception>
    public static Vocabulary Load(string path, TokenizerConvention convention = TokenizerConvention.HuggingFace)
    {
        ArgumentNullException.ThrowIfNull(path);
        byte[] bytes = FileContents.Read(path, "a vocabulary, one token a line, as the vocab.txt that comes with a BERT model");
        string text = FileContents.DecodeUtf8(bytes, path);
        var lines = new List<string>(text.Length / 8);
        foreach (Range range in text.AsSpan().Split('\n'))
            lines.Add(Token(text[range], convention));
        while (lines.Count > 0 && lines[^1].Length == 0)
            lines.RemoveAt(lines.Count - 1);
        return new Vocabulary(lines, path);
    }

    /// <summary>Writes the vocabulary as a <c>vocab.txt</c>, one token a line, UTF-8.</summary>
    public void Save(Stream destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        using var writer = new StreamWriter(destination, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true) { NewLine = "\n" };
        foreach (string token in tokens)
            writer.WriteLine(token);
    }

    private static string Token(string line, TokenizerConvention convention) => convention switch
    {
        TokenizerConvention.Google => line.Trim(PythonWhiteSpace),
        TokenizerConvention.TensorFlowText => line.Replace("\r", "", StringComparison.Ordinal),
        _ => line.TrimEnd(),
    };
}
