using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Engine.Tokenizer.Unicode;

namespace Engine.Tokenizer.Matching;

/// <summary>
/// Text without special tokens to ids: splits into words and cuts each into the longest tokens, from the left. Words of ASCII are looked up while they are
/// read; a word with anything else in it goes through <see cref="FoldedWord"/>. Time is linear in the text, whatever the text.
/// </summary>
internal sealed class TextEncoder
{
    // What an ASCII character is; a character of a word is its own lower case instead, which is below these.
    private const byte Space = 0x80, Removed = 0x81, Isolated = 0x82, NotAscii = 0x83;

    // Room for the words of all three conventions: 400 characters.
    private const int BytesOnStack = 1604, MarksOnStack = 400;

    private readonly byte[] asciiKinds = new byte[128];
    private readonly int[] asciiIds = new int[128];
    private readonly DoubleArrayTrie trie;
    private readonly CharacterFolding folding;
    private readonly ulong continuation;
    private readonly int unknownId;
    private readonly WordLimit limit;
    private readonly bool findsFinalSigma;
    private readonly bool replacesLoneSurrogates;

    /// <summary>Makes an encoder.</summary>
    /// <param name="trie">The vocabulary.</param>
    /// <param name="folding">What becomes of characters.</param>
    /// <param name="continuationPrefix">What the vocabulary writes before a token that continues a word: ##.</param>
    /// <param name="unknownId">The id for words that cannot be put together.</param>
    /// <param name="options">How text is prepared.</param>
    public TextEncoder(DoubleArrayTrie trie, CharacterFolding folding, ReadOnlySpan<byte> continuationPrefix, int unknownId, TokenizerOptions options)
    {
        this.trie = trie;
        this.folding = folding;
        this.unknownId = unknownId;
        limit = WordLimit.Of(options);
        findsFinalSigma = options is { Convention: TokenizerConvention.Google, Lowercase: true };
        replacesLoneSurrogates = options.Convention != TokenizerConvention.Google;
        continuation = trie.Find(continuationPrefix);
        for (int c = 0; c < asciiKinds.Length; c++)
        {
            FoldKind kind = folding.Fold(c, out int payload);
            asciiKinds[c] = kind switch
            {
                FoldKind.Word => (byte)c,
                FoldKind.Mapped => (byte)payload,
                FoldKind.Isolated => Isolated,
                FoldKind.Space => Space,
                _ => Removed,
            };
            ulong node = trie.Find([(byte)c]);
            asciiIds[c] = DoubleArrayTrie.EndsToken(node) ? DoubleArrayTrie.IdOf(node) : unknownId;
        }
    }

    /// <summary>The id for words that cannot be put together.</summary>
    public int UnknownId => unknownId;

    /// <summary>The longest word that is looked up.</summary>
    public WordLimit Limit => limit;

    /// <summary>What becomes of characters.</summary>
    public CharacterFolding Folding => folding;

    /// <summary>
    /// Appends the ids of <paramref name="text"/>. Surrogates without a partner count as U+FFFD; in Google's convention they are characters that no token has, as in Python.
    /// </summary>
    public void Encode(ReadOnlySpan<char> text, ref IdBuffer ids)
    {
        ref byte kinds = ref MemoryMarshal.GetArrayDataReference(asciiKinds);
        int i = 0;
        while (i < text.Length)
        {
            byte kind = KindAt(text, i, ref kinds);
            if (kind < Space)
            {
                ids.Reserve(limit.Characters + 1);
                i = EncodeAsciiWord(text, i, ref kinds, ref ids);
            }
            else if (kind == Isolated)
            {
                ids.Reserve(1);
                ids.Add(asciiIds[text[i++]]);
            }
            else if (kind == NotAscii)
            {
                i = EncodeFolded(text, i, ref ids);
            }
            else
            {
                i++;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte KindAt(ReadOnlySpan<char> text, int i, ref byte kinds)
    {
        if ((uint)i >= (uint)text.Length)
            return Space;
        uint c = text[i];
        return c < 128 ? Unsafe.Add(ref kinds, c) : NotAscii;
    }

    // Encodes the word that starts at `start` and returns where it ends.
    private int EncodeAsciiWord(ReadOnlySpan<char> text, int start, ref byte kinds, ref IdBuffer ids)
    {
        ref ulong nodes = ref MemoryMarshal.GetArrayDataReference(trie.Nodes);
        int firstId = ids.Count;
        int end = start;
        int pieceEnd = start;
        ulong node = trie.Root;
        ulong pieceNode = 0;
        while (true)
        {
            byte kind = KindAt(text, end, ref kinds);
            if (kind < Space && DoubleArrayTrie.TryStep(ref nodes, ref node, kind))
            {
                end++;
                if (DoubleArrayTrie.EndsToken(node))
                {
                    pieceEnd = end;
                    pieceNode = node;
                }
                continue;
            }
            if (kind >= Removed && kind != Isolated)
                break;
            if (pieceNode == 0 || pieceEnd - start > limit.Characters)
                break;
            ids.Add(DoubleArrayTrie.IdOf(pieceNode));
            if (kind >= Space && pieceEnd == end)
                return end;
            end = pieceEnd;
            node = continuation;
            pieceNode = 0;
        }

        // No token fits, the word is too long, or something else than ASCII comes up: find the word's end to know which.
        ids.Count = firstId;
        while (KindAt(text, end, ref kinds) < Space)
            end++;
        if (KindAt(text, end, ref kinds) is Removed or NotAscii)
            return EncodeFolded(text, start, ref ids);
        ids.Add(unknownId);
        return end;
    }

    // Encodes from `start` to the next ASCII character that ends a word, and returns where that is.
    [SkipLocalsInit]
    private int EncodeFolded(ReadOnlySpan<char> text, int start, ref IdBuffer ids)
    {
        Span<byte> wordBytes = limit.Room <= BytesOnStack ? stackalloc byte[BytesOnStack] : new byte[limit.Room];
        Span<int> marks = limit.Characters <= MarksOnStack ? stackalloc int[MarksOnStack] : new int[limit.Characters];
        var word = new FoldedWord(this, wordBytes, marks, limit);
        int i = start;
        while (i < text.Length)
        {
            int c = text[i];
            if (c < 128 && asciiKinds[c] is Space or Isolated)
                break;
            if (c == FinalSigma.Capital || char.IsSurrogate((char)c))
                c = CodePointAt(text, ref i);
            else
                i++;
            word.Add(folding, c, ref ids);
        }
        word.End(ref ids);
        return i;
    }

    /// <summary>The code point at <paramref name="index"/>, which moves behind it, as the folding takes it: with the final sigma told apart, and U+FFFD for a lone surrogate, where the tokenizer does so.</summary>
    public int CodePointAt(ReadOnlySpan<char> text, ref int index)
    {
        int start = index;
        int c = Utf16.Next(text, ref index);
        if (c == FinalSigma.Capital && findsFinalSigma && FinalSigma.IsFinal(text, start, folding))
            return FinalSigma.Final;
        return replacesLoneSurrogates && c is >= 0xD800 and <= 0xDFFF ? 0xFFFD : c;
    }

    /// <summary>Appends the ids of one word in UTF-8 that has at most as many characters as a word may have.</summary>
    public void EncodeWord(ReadOnlySpan<byte> word, ref IdBuffer ids)
    {
        ref ulong nodes = ref MemoryMarshal.GetArrayDataReference(trie.Nodes);
        int firstId = ids.Count;
        int start = 0;
        ids.Reserve(limit.Characters + 1);
        while (start < word.Length)
        {
            ulong node = start == 0 ? trie.Root : continuation;
            ulong pieceNode = 0;
            int pieceEnd = start;
            for (int i = start; i < word.Length && DoubleArrayTrie.TryStep(ref nodes, ref node, word[i]); i++)
            {
                if (DoubleArrayTrie.EndsToken(node))
                {
                    pieceNode = node;
                    pieceEnd = i + 1;
                }
            }
            if (pieceNode == 0)
            {
                ids.Count = firstId;
                ids.Add(unknownId);
                return;
            }
            ids.Add(DoubleArrayTrie.IdOf(pieceNode));
            start = pieceEnd;
        }
    }

    /// <summary>Appends the id of words that cannot be put together.</summary>
    public void EncodeUnknown(ref IdBuffer ids)
    {
        ids.Reserve(1);
        ids.Add(unknownId);
    }
}
