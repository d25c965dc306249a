using Engine.Model.Data;
using Engine.Tokenizer;

namespace Engine.Model.Inference;

/// <summary>Texts with masks, tokenized: [MASK] is one token wherever it is written, however the model's tokenizer treats it elsewhere.</summary>
public sealed class MaskedTexts
{
    private const int ShownCharacters = 60;

    private MaskedTexts(TextTable table, string maskToken, TokenizedTexts texts, int[][] masks)
    {
        Table = table;
        MaskToken = maskToken;
        Texts = texts;
        Masks = masks;
    }

    /// <summary>The texts as they were written.</summary>
    public TextTable Table { get; }

    /// <summary>How the vocabulary writes the mask: [MASK].</summary>
    public string MaskToken { get; }

    /// <summary>The texts' tokens.</summary>
    public TokenizedTexts Texts { get; }

    /// <summary>For each text, which of its tokens are masks, ascending.</summary>
    public IReadOnlyList<IReadOnlyList<int>> Masks { get; }

    /// <summary>
    /// Tokenizes a table. A text is split at its masks and the parts are tokenized one by one: of the tokenizers that exist for BERT, only Hugging Face's finds
    /// [MASK] in a text.
    /// </summary>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="table">The texts.</param>
    /// <param name="maxLength">The most tokens of a text or pair, special tokens included.</param>
    /// <exception cref="ModelException">The vocabulary has no mask, a text has none, or one is lost where the text is cut.</exception>
    internal static MaskedTexts Tokenize(WordPieceTokenizer tokenizer, TextTable table, int maxLength)
    {
        string mask = tokenizer.Options.MaskToken;
        int maskId = tokenizer.MaskId
            ?? throw new ModelException($"{tokenizer.Vocabulary.Source}: has no {mask}, the token that stands for a word to be guessed; use the vocabulary that belongs to the model.");
        var sequences = new TokenEncoding[table.Count];
        int[][] masks = new int[table.Count][];
        for (int row = 0; row < table.Count; row++)
        {
            string text = table.Texts[row];
            string? pair = table.Pairs?[row];
            int[] first = Encode(tokenizer, text, mask, maskId);
            int[]? second = pair is null ? null : Encode(tokenizer, pair, mask, maskId);
            sequences[row] = tokenizer.Join(first, second, maxLength);
            masks[row] = Places(sequences[row].Ids, maskId);
            int written = first.Count(id => id == maskId) + (second?.Count(id => id == maskId) ?? 0);
            if (written == 0)
                throw new ModelException($"{table.Describe(row)}: {Shown(text, pair)} has no {mask}, and at least one was expected; write {mask}, in capitals, where a word is to be guessed.");
            if (masks[row].Length < written)
            {
                throw new ModelException(
                    $"{table.Describe(row)}: of the {written} masks of {Shown(text, pair)}, {written - masks[row].Length} would be cut away: the text has "
                    + $"{sequences[row].Ids.Length + sequences[row].CutTokens} tokens, and at most {maxLength} were expected; shorten it, or allow more tokens where the model can take them.");
            }
        }
        return new MaskedTexts(table, mask, TokenizedTexts.Of(sequences), masks);
    }

    private static int[] Encode(WordPieceTokenizer tokenizer, string text, string mask, int maskId)
    {
        List<int> ids = [];
        string[] parts = text.Split(mask);
        for (int i = 0; i < parts.Length; i++)
        {
            if (i > 0)
                ids.Add(maskId);
            tokenizer.Encode(parts[i], ids);
        }
        return [.. ids];
    }

    private static int[] Places(int[] ids, int wanted) => [.. Enumerable.Range(0, ids.Length).Where(i => ids[i] == wanted)];

    private static string Shown(string text, string? pair) => pair is null ? Shown(text) : $"{Shown(text)} with {Shown(pair)}";

    private static string Shown(string text) => text.Length <= ShownCharacters ? $"\"{text}\"" : $"\"{text[..ShownCharacters]}...\"";
}
