namespace Engine.Tokenizer.Tests;

/// <summary>WordPiece for ASCII, written as plainly as the definition reads: the reference for the fast path.</summary>
internal sealed class NaiveTokenizer(IReadOnlyList<string> tokens, bool lowercase, int maxCharacters)
{
    private readonly Dictionary<string, int> ids = tokens.Select((token, id) => (token, id)).ToDictionary(pair => pair.token, pair => pair.id);

    public List<int> Encode(string text) => [.. EncodeWithOffsets(text).Select(token => token.Id)];

    public List<(int Id, TokenOffset Offset)> EncodeWithOffsets(string text)
    {
        var result = new List<(int, TokenOffset)>();
        string word = "";
        var places = new List<int>();
        for (int i = 0; i <= text.Length; i++)
        {
            char c = i < text.Length ? text[i] : ' ';
            bool space = c is ' ' or '\t' or '\n' or '\r';
            bool sign = c is > ' ' and < (char)127 && !char.IsAsciiLetterOrDigit(c);
            if (space || sign)
            {
                result.AddRange(Pieces(word, places));
                word = "";
                places.Clear();
                if (sign)
                    result.AddRange(Pieces(c.ToString(), [i]));
            }
            else if (c is > ' ' and < (char)127)
            {
                word += lowercase ? char.ToLowerInvariant(c) : c;
                places.Add(i);
            }
        }
        return result;
    }

    private List<(int Id, TokenOffset Offset)> Pieces(string word, List<int> places)
    {
        var pieces = new List<(int, TokenOffset)>();
        TokenOffset Part(int start, int end) => new(places[start], places[end - 1] + 1);
        if (word.Length > maxCharacters)
            return [(ids["[UNK]"], Part(0, word.Length))];
        for (int start = 0; start < word.Length;)
        {
            int end = word.Length;
            while (end > start && !ids.ContainsKey((start == 0 ? "" : "##") + word[start..end]))
                end--;
            if (end == start)
                return [(ids["[UNK]"], Part(0, word.Length))];
            pieces.Add((ids[(start == 0 ? "" : "##") + word[start..end]], Part(start, end)));
            start = end;
        }
        return pieces;
    }
}
