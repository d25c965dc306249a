using System.Buffers;
using System.Text;
using Engine.Tokenizer.Matching;
using Engine.Tokenizer.Unicode;

namespace Engine.Tokenizer;

/// <summary>
/// BERT's WordPiece tokenizer, uncased and cased, with the results of Hugging Face's <c>BertTokenizer</c>, of Google's <c>FullTokenizer</c> or of TensorFlow Text's <c>BertTokenizer</c>
/// (<see cref="TokenizerConvention"/>): cleaning, spaces around ideographs, accents, lower case, words, and the longest tokens of the vocabulary from the left. Safe for use from several
/// threads at once. <c>docs/tokenizer.md</c> has the rules.
/// </summary>
public sealed class WordPieceTokenizer
{
    private const string ContinuationPrefix = "##";

    private readonly SequenceEncoder sequences;

    /// <summary>A tokenizer over a vocabulary.</summary>
    /// <param name="vocabulary">The tokens.</param>
    /// <param name="options">How text is prepared; null: as for an uncased model.</param>
    /// <exception cref="InvalidDataException">The vocabulary lacks a special token that every sequence needs, or the options ask for what their convention does not have.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A length in the options is not positive.</exception>
    public WordPieceTokenizer(Vocabulary vocabulary, TokenizerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        Vocabulary = vocabulary;
        Options = options ?? new TokenizerOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(Options.MaxInputCharactersPerWord ?? 1, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(Options.ModelMaxLength, 1, nameof(options));
        CheckConvention();
        UnknownId = Require(Options.UnknownToken, "stands for words that cannot be put together");
        ClassifierId = Require(Options.ClassifierToken, "starts every sequence");
        SeparatorId = Require(Options.SeparatorToken, "ends every text");
        PaddingId = Require(Options.PaddingToken, "fills sequences up");
        MaskId = vocabulary.TryGetId(Options.MaskToken, out int maskId) ? maskId : null;
        var special = new Dictionary<string, int>(StringComparer.Ordinal)
        {
            [Options.UnknownToken] = UnknownId,
            [Options.ClassifierToken] = ClassifierId,
            [Options.SeparatorToken] = SeparatorId,
            [Options.PaddingToken] = PaddingId,
        };
        if (MaskId is { } mask)
            special[Options.MaskToken] = mask;
        foreach (string token in Options.AdditionalSpecialTokens)
            special[token] = Require(token, "is one of the additional special tokens");
        byte[] continuation = Encoding.UTF8.GetBytes(ContinuationPrefix);
        var folding = new CharacterFolding(FoldingRules.For(Options));
        var encoder = new TextEncoder(DoubleArrayBuilder.Build(vocabulary.Tokens), folding, continuation, UnknownId, Options);
        var offsetEncoder = new Lazy<OffsetEncoder>(() => new OffsetEncoder(
            encoder, FoldingRules.For(Options), [.. vocabulary.Tokens.Select(Encoding.UTF8.GetByteCount)], continuation.Length));
        bool matchSpecialTokens = Options.MatchSpecialTokens ?? Options.Convention == TokenizerConvention.HuggingFace;
        SpecialTokens? specialTokens = matchSpecialTokens ? new SpecialTokens(special.Select(pair => (pair.Key, pair.Value))) : null;
        sequences = new SequenceEncoder(encoder, offsetEncoder, specialTokens, ClassifierId, SeparatorId, Options.Convention);
    }

    /// <summary>The vocabulary.</summary>
    public Vocabulary Vocabulary { get; }

    /// <summary>How text is prepared.</summary>
    public TokenizerOptions Options { get; }

    /// <summary>The id of [UNK].</summary>
    public int UnknownId { get; }

    /// <summary>The id of [CLS].</summary>
    public int ClassifierId { get; }

    /// <summary>The id of [SEP].</summary>
    public int SeparatorId { get; }

    /// <summary>The id of [PAD].</summary>
    public int PaddingId { get; }

    /// <summary>The id of [MASK], where the vocabulary has it.</summary>
    public int? MaskId { get; }

    /// <summary>
    /// The tokenizer of a model in Hugging Face's layout: <c>vocab.txt</c>, and <c>tokenizer_config.json</c> where there is one (otherwise: uncased).
    /// </summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="convention">Whose tokens; null: as the configuration's <c>engine_tokenizer</c> says, and Hugging Face's where it says nothing.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">The folder has no vocabulary.</exception>
    /// <exception cref="InvalidDataException">A file is not what it should be; the message says what, where, and what was expected.</exception>
    public static WordPieceTokenizer Load(string folder, TokenizerConvention? convention = null)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"{folder}: there is no such folder; expected a model's folder with vocab.txt.");
        string configurationPath = Path.Combine(folder, "tokenizer_config.json");
        (TokenizerOptions options, SortedList<int, string> added) = File.Exists(configurationPath) ? TokenizerConfiguration.Load(configurationPath) : (new TokenizerOptions(), []);
        if (convention is { } chosen)
            options = options with { Convention = chosen };
        Vocabulary vocabulary = Vocabulary.Load(Path.Combine(folder, "vocab.txt"), options.Convention);
        return new WordPieceTokenizer(WithAddedTokens(vocabulary, added, configurationPath), options);
    }

    /// <summary>Appends the ids of a text, without [CLS] and [SEP], uncut.</summary>
    /// <returns>How many ids were appended.</returns>
    public int Encode(ReadOnlySpan<char> text, List<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        IdBuffer buffer = IdBuffer.Rent();
        sequences.AppendText(text, ref buffer);
        ids.AddRange(buffer.Ids);
        return buffer.Return();
    }

    /// <summary>Writes the ids of a text, without [CLS] and [SEP], uncut.</summary>
    /// <returns>How many ids were written.</returns>
    public int Encode(ReadOnlySpan<char> text, IBufferWriter<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        IdBuffer buffer = IdBuffer.Rent();
        sequences.AppendText(text, ref buffer);
        ids.Write(buffer.Ids);
        return buffer.Return();
    }

    /// <summary>Writes the ids of a text, without [CLS] and [SEP], as far as there is room.</summary>
    /// <returns>How many ids the text has; more than <paramref name="destination"/> is long where not all of them were written.</returns>
    public int Encode(ReadOnlySpan<char> text, Span<int> destination)
    {
        IdBuffer buffer = IdBuffer.Rent();
        sequences.AppendText(text, ref buffer);
        buffer.Ids[..Math.Min(buffer.Count, destination.Length)].CopyTo(destination);
        return buffer.Return();
    }

    /// <summary>A text or a pair of texts with special tokens, cut to <paramref name="maxLength"/>.</summary>
    /// <param name="text">The first text.</param>
    /// <param name="pair">The second text; null: none.</param>
    /// <param name="maxLength">The most tokens, special tokens included; null: <see cref="TokenizerOptions.ModelMaxLength"/>.</param>
    /// <param name="strategy">Which text is cut.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> leaves no room for the special tokens.</exception>
    /// <exception cref="ArgumentException">The text to be cut is too short for it.</exception>
    public TokenEncoding Encode(string text, string? pair = null, int? maxLength = null, TruncationStrategy strategy = TruncationStrategy.LongestFirst) =>
        Encode(text, pair, maxLength, strategy, offsets: null);

    /// <summary>
    /// The same with <see cref="TokenEncoding.Offsets"/>: for each token the part of its text that it came from, as in Hugging Face's <c>offsets</c>, in UTF-16 units. What was removed from a
    /// word (accents that stood alone, control characters) lies within a token's part where it lies between two of its characters, and outside where it stood at its ends.
    /// </summary>
    /// <inheritdoc cref="Encode(string, string?, int?, TruncationStrategy)"/>
    public TokenEncoding EncodeWithOffsets(string text, string? pair = null, int? maxLength = null, TruncationStrategy strategy = TruncationStrategy.LongestFirst) =>
        Encode(text, pair, maxLength, strategy, offsets: []);

    /// <summary>Many texts, or pairs of texts, as one packed batch, each with special tokens and cut to <paramref name="maxLength"/>.</summary>
    /// <param name="texts">The (first) texts.</param>
    /// <param name="pairs">The second texts, as many; null: none.</param>
    /// <param name="maxLength">The most tokens of a sequence, special tokens included; null: <see cref="TokenizerOptions.ModelMaxLength"/>.</param>
    /// <param name="strategy">Which text of a pair is cut.</param>
    /// <exception cref="ArgumentException">There are not as many second texts as first ones, a text to be cut is too short for it, or all sequences together have more than 2^31 tokens.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> leaves no room for the special tokens.</exception>
    public TokenizedTexts EncodeAll(IReadOnlyList<string> texts, IReadOnlyList<string>? pairs = null, int? maxLength = null,
        TruncationStrategy strategy = TruncationStrategy.LongestFirst)
    {
        ArgumentNullException.ThrowIfNull(texts);
        if (pairs is not null && pairs.Count != texts.Count)
            throw new ArgumentException($"There are {texts.Count} first texts, but {pairs.Count} second ones; expected as many.", nameof(pairs));
        IdBuffer buffer = IdBuffer.Rent();
        int[] offsets = new int[texts.Count + 1];
        int[] secondStarts = pairs is null ? [] : new int[texts.Count];
        int cutTexts = 0;
        long allCut = 0;
        for (int i = 0; i < texts.Count; i++)
        {
            if (texts[i] is null || (pairs is not null && pairs[i] is null))
                throw new ArgumentException($"Text {i + 1} is null; expected a text, empty where there is none.");
            int secondStart, cutTokens;
            try
            {
                secondStart = sequences.AppendSequence(texts[i], pairs?[i], maxLength ?? Options.ModelMaxLength, strategy, ref buffer, out cutTokens);
            }
            catch (ArgumentException error) when (error is not ArgumentOutOfRangeException)
            {
                throw new ArgumentException($"Text {i + 1}: {error.Message}", error);
            }
            if (pairs is not null)
                secondStarts[i] = secondStart;
            offsets[i + 1] = buffer.Count;
            cutTexts += cutTokens > 0 ? 1 : 0;
            allCut += cutTokens;
        }
        int[] ids = buffer.Ids.ToArray();
        buffer.Return();
        int[] types = new int[ids.Length];
        for (int i = 0; i < secondStarts.Length; i++)
            types.AsSpan(secondStarts[i]..offsets[i + 1]).Fill(1);
        return new TokenizedTexts(ids, types, offsets, cutTexts, allCut);
    }

    /// <summary>The token with an id, such as <c>##ing</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary has no such id.</exception>
    public string TokenOf(int id) => Vocabulary[id];

    /// <summary>The tokens with the given ids.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The vocabulary has no such id.</exception>
    public string[] TokensOf(ReadOnlySpan<int> ids)
    {
        var tokens = new string[ids.Length];
        for (int i = 0; i < ids.Length; i++)
            tokens[i] = Vocabulary[ids[i]];
        return tokens;
    }

    private static Vocabulary WithAddedTokens(Vocabulary vocabulary, SortedList<int, string> added, string path)
    {
        List<string>? tokens = null;
        foreach ((int id, string token) in added)
        {
            if (vocabulary.TryGetId(token, out int known))
            {
                if (known != id)
                    throw new InvalidDataException($"{path}: gives '{token}' the id {id}, but it is line {known + 1} of {vocabulary.Source}; expected id {known}.");
                continue;
            }
            tokens ??= [.. vocabulary.Tokens];
            if (id != tokens.Count)
                throw new InvalidDataException($"{path}: adds '{token}' with the id {id}; expected id {tokens.Count}, the first one that is free after {vocabulary.Source}.");
            tokens.Add(token);
        }
        return tokens is null ? vocabulary : new Vocabulary(tokens, vocabulary.Source);
    }

    private int Require(string token, string role) => Vocabulary.TryGetId(token, out int id)
        ? id
        : throw new InvalidDataException($"{Vocabulary.Source}: has no line {token}, the token that {role}; use the vocab.txt that came with the model.");

    private TokenEncoding Encode(string text, string? pair, int? maxLength, TruncationStrategy strategy, List<TokenOffset>? offsets)
    {
        ArgumentNullException.ThrowIfNull(text);
        IdBuffer buffer = IdBuffer.Rent();
        int secondStart = sequences.AppendSequence(text, pair, maxLength ?? Options.ModelMaxLength, strategy, ref buffer, out int cutTokens, offsets);
        int[] ids = buffer.Ids.ToArray();
        buffer.Return();
        int[] types = new int[ids.Length];
        types.AsSpan(secondStart).Fill(1);
        return new TokenEncoding(ids, types, cutTokens) { Offsets = offsets?.ToArray() };
    }

    private void CheckConvention()
    {
        if (Options.Convention == TokenizerConvention.HuggingFace)
            return;
        string? differs = Options.StripAccents is { } strip && strip != Options.Lowercase ? $"strip_accents is {(strip ? "true" : "false")}"
            : !Options.CleanText ? "clean_text is false"
            : !Options.TokenizeChineseCharacters ? "tokenize_chinese_chars is false"
            : null;
        if (differs is not null)
        {
            throw new InvalidDataException(
                $"{Vocabulary.Source}: the tokenizer's configuration says that {differs}, which the tokenizer '{Options.Convention.Name()}' does not have; use 'huggingface', or take the setting out.");
        }
    }
}
