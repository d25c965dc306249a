using System.Text;

namespace Engine.Model.Inference;

/// <summary>A text, or a pair of texts, with masks, and the tokens that may stand at each.</summary>
public sealed class FilledText
{
    private const string ContinuationPrefix = "##";

    private readonly string text;
    private readonly string? pair;
    private readonly string maskToken;

    internal FilledText(string text, string? pair, string maskToken, IReadOnlyList<IReadOnlyList<TokenCandidate>> masks)
    {
        this.text = text;
        this.pair = pair;
        this.maskToken = maskToken;
        Masks = masks;
    }

    /// <summary>The candidates of each mask, in the order of the text (a pair's second text after the first), most probable first.</summary>
    public IReadOnlyList<IReadOnlyList<TokenCandidate>> Masks { get; }

    /// <summary>The text, and the second one of a pair, with the most probable token at each mask.</summary>
    public (string Text, string? Pair) Fill() => Fill(0, 0);

    /// <summary>The text, and the second one of a pair, with one mask's candidate and the most probable token at every other mask.</summary>
    /// <param name="mask">The mask's number, from 0.</param>
    /// <param name="rank">The candidate's number, from 0.</param>
    public (string Text, string? Pair) Fill(int mask, int rank)
    {
        int next = 0;
        string first = Fill(text, mask, rank, ref next);
        return (first, pair is null ? null : Fill(pair, mask, rank, ref next));
    }

    private string Fill(string masked, int mask, int rank, ref int next)
    {
        StringBuilder filled = new();
        string[] parts = masked.Split(maskToken);
        filled.Append(parts[0]);
        foreach (string part in parts.AsSpan(1))
        {
            string token = Masks[next][next == mask ? rank : 0].Token;
            next++;
            if (token.StartsWith(ContinuationPrefix, StringComparison.Ordinal))
            {
                // The rest of the word before it.
                while (filled.Length > 0 && char.IsWhiteSpace(filled[^1]))
                    filled.Length--;
                token = token[ContinuationPrefix.Length..];
            }
            filled.Append(token).Append(part);
        }
        return filled.ToString();
    }
}
