namespace Engine.Tokenizer.Tests;

/// <summary>WordPiece for ASCII, written as plainly as the definition reads: the reference for the fast path.</summary>
internal sealed class NaiveTokenizer(IReadOnlyList<string> tokens, bool lowercase, int maxCharacters)
{
    private readonly Dictionary<string, int> ids = tokens.Select((token, id) => (token, id)).ToDictionary(pair => pair.token, pair => pair.id);

    public List<int> Encode(string text)
    {
        var result = new List<int>();
        string word = "";
        foreach (char c in text + " ")
        {
            bool space = c is ' ' or '\t' or '\n' or '\r';
            bool sign = c is > ' ' and < (char)127 && !char.IsAsciiLetterOrDigit(c);
            if (space || sign)
            {
                result.AddRange(Pieces(word));
                word = "";
                if (sign)
                    result.AddRange(Pieces(c.ToString()));
            }
            else if (c is > ' ' and < (char)127)
            {
                word += lowercase ? char.ToLowerInvariant(c) : c;
            }
        }
        return result;
    }

    private List<int> Pieces(string word)
    {
        var pieces = new List<int>();
        if (word.Length > maxCharacters)
            return [ids["[UNK]"]];
        for (int start = 0; start < word.Length;)
        {
            int end = word.Length;
            while (end > start && !ids.ContainsKey((start == 0 ? "" : "##") + word[start..end]))
                end--;
            if (end == start)
                return [ids["[UNK]"]];
            pieces.Add(ids[(start == 0 ? "" : "##") + word[start..end]]);
            start = end;
        }
        return pieces;
    }
}
