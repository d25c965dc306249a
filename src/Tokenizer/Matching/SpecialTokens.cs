using System.Buffers;

namespace Engine.Tokenizer.Matching;

/// <summary>Tokens such as [MASK] that are looked for in the text as it is, before anything else, and never split: the leftmost, and of those the longest.</summary>
internal sealed class SpecialTokens
{
    private readonly (string Text, int Id)[] longestFirst;
    private readonly SearchValues<string> search;

    /// <summary>Takes the tokens with their ids.</summary>
    public SpecialTokens(IEnumerable<(string Text, int Id)> tokens)
    {
        longestFirst = [.. tokens.OrderByDescending(token => token.Text.Length)];
        search = SearchValues.Create([.. longestFirst.Select(token => token.Text)], StringComparison.Ordinal);
    }

    /// <summary>Finds the next special token.</summary>
    /// <param name="text">Where to look.</param>
    /// <param name="length">How many UTF-16 units the token has.</param>
    /// <param name="id">The token's id.</param>
    /// <returns>Where it starts, or -1.</returns>
    public int Find(ReadOnlySpan<char> text, out int length, out int id)
    {
        int start = text.IndexOfAny(search);
        if (start >= 0)
        {
            foreach ((string token, int tokenId) in longestFirst)
            {
                if (text[start..].StartsWith(token, StringComparison.Ordinal))
                {
                    length = token.Length;
                    id = tokenId;
                    return start;
                }
            }
        }
        length = 0;
        id = -1;
        return -1;
    }
}
