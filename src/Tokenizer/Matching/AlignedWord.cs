using Engine.Tokenizer.Unicode;

namespace Engine.Tokenizer.Matching;

/// <summary>A word that is put together character by character, with the place in the text that each byte of it came from.</summary>
internal sealed class AlignedWord
{
    private readonly WordLimit limit;
    private readonly List<Mark> marks = [];
    private byte[] bytes = new byte[64];
    private TokenOffset[] sources = new TokenOffset[64];
    private TokenOffset first, last;
    private int byteCount;
    private int characterCount;

    /// <summary>An empty word.</summary>
    public AlignedWord(WordLimit limit)
    {
        this.limit = limit;
    }

    private readonly record struct Mark(int Item, int Index, TokenOffset Source, bool IsFirst)
    {
        public long Order => (long)SequenceItem.CombiningClass(Item) << 32 | (uint)Index;
    }

    /// <summary>Where in the text the last character before the waiting marks stands.</summary>
    public TokenOffset LastSource { get; set; }

    /// <summary>Whether there is no character.</summary>
    public bool IsEmpty => characterCount == 0;

    /// <summary>Whether the word is longer than those that are looked up.</summary>
    public bool IsTooLong => characterCount > limit.Characters;

    /// <summary>The word in UTF-8, where it is not too long.</summary>
    public ReadOnlySpan<byte> Bytes => bytes.AsSpan(0, byteCount);

    /// <summary>The part of the text that the word came from.</summary>
    public TokenOffset Whole => new(first.Start, last.End);

    /// <summary>The part of the text that the bytes from <paramref name="start"/> to <paramref name="end"/> came from.</summary>
    public TokenOffset Part(int start, int end) => new(sources[start].Start, sources[end - 1].End);

    /// <summary>Starts a new word.</summary>
    public void Clear() => byteCount = characterCount = 0;

    /// <summary>Appends a character.</summary>
    public void Append(int c, TokenOffset source)
    {
        if (IsEmpty)
            first = source;
        last = source;
        int length = Utf16.Utf8Length(c);
        if (characterCount >= limit.Characters || byteCount + length > limit.Bytes)
        {
            characterCount = limit.Characters + 1;
            return;
        }
        if (byteCount + length > bytes.Length)
        {
            Array.Resize(ref bytes, 2 * bytes.Length);
            Array.Resize(ref sources, 2 * sources.Length);
        }
        sources.AsSpan(byteCount, length).Fill(source);
        byteCount += Utf16.WriteUtf8(c, bytes.AsSpan(byteCount));
        characterCount++;
    }

    /// <summary>Keeps a combining mark until the next character that is none.</summary>
    /// <param name="item">The mark.</param>
    /// <param name="source">The character of the text that it is a part of.</param>
    /// <param name="isFirst">Whether it is the first part of it.</param>
    public void Wait(int item, TokenOffset source, bool isFirst) => marks.Add(new Mark(item, marks.Count, source, isFirst));

    /// <summary>
    /// Appends the waiting marks in canonical order, without those that are dropped. As Hugging Face counts, what moved does not take its place along: the marks' characters of the text
    /// are gone through in their order, one for each first part, and another part stays with the character that was reached.
    /// </summary>
    public void PutMarks()
    {
        if (marks.Count == 0)
            return;
        TokenOffset[] places = [.. marks.Where(mark => mark.IsFirst).Select(mark => mark.Source)];
        marks.Sort((x, y) => x.Order.CompareTo(y.Order));
        int reached = 0;
        foreach (Mark mark in marks)
        {
            if (mark.IsFirst)
                LastSource = places[reached++];
            if (SequenceItem.Kind(mark.Item) != FoldKind.Removed)
                Append(SequenceItem.CodePoint(mark.Item), LastSource);
        }
        marks.Clear();
    }
}
