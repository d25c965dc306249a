using Engine.Tokenizer.Unicode;

namespace Engine.Tokenizer.Matching;

/// <summary>
/// Folds characters one by one and hands every finished word to a <see cref="TextEncoder"/>. It holds no more than the longest word that is looked up: what
/// goes beyond only makes the word unknown.
/// </summary>
internal ref struct FoldedWord
{
    private readonly TextEncoder encoder;
    private readonly Span<byte> bytes;
    private readonly Span<int> marks;
    private readonly WordLimit limit;
    private int byteCount;
    private int characterCount;
    private int markCount;

    /// <summary>An empty word.</summary>
    /// <param name="encoder">Receives finished words.</param>
    /// <param name="bytes">Room for the longest word that is looked up and a character more: <see cref="WordLimit.Room"/>.</param>
    /// <param name="marks">Room for as many combining marks, which wait to be put in order, as such a word has characters.</param>
    /// <param name="limit">The longest word that is looked up.</param>
    public FoldedWord(TextEncoder encoder, Span<byte> bytes, Span<int> marks, WordLimit limit)
    {
        this.encoder = encoder;
        this.bytes = bytes;
        this.marks = marks;
        this.limit = limit;
    }

    /// <summary>Takes the next character of the text.</summary>
    public void Add(CharacterFolding folding, int c, ref IdBuffer ids)
    {
        FoldKind kind = folding.Fold(c, out int payload);
        switch (kind)
        {
            case FoldKind.Removed:
                return;
            case FoldKind.HangulSyllable:
                (int leading, int vowel, int trailing) = Hangul.Decompose(c);
                Put(FoldKind.Word, leading, ref ids);
                Put(FoldKind.Word, vowel, ref ids);
                if (trailing != 0)
                    Put(FoldKind.Word, trailing, ref ids);
                return;
            case FoldKind.Sequence:
                foreach (int item in folding.Sequence(payload))
                {
                    if (SequenceItem.CombiningClass(item) != 0)
                        Wait(item);
                    else
                        Put(SequenceItem.Kind(item), SequenceItem.CodePoint(item), ref ids);
                }
                return;
            case FoldKind.Mapped:
                Put(FoldKind.Word, payload, ref ids);
                return;
            default:
                Put(kind, payload == 0 ? c : payload, ref ids);
                return;
        }
    }

    /// <summary>Ends the word, where there is one.</summary>
    public void End(ref IdBuffer ids)
    {
        PutMarks();
        if (characterCount > limit.Characters)
            encoder.EncodeUnknown(ref ids);
        else if (characterCount > 0)
            encoder.EncodeWord(bytes[..byteCount], ref ids);
        byteCount = characterCount = 0;
    }

    private void Put(FoldKind kind, int c, ref IdBuffer ids)
    {
        if (markCount > 0)
            PutMarks();
        if (kind == FoldKind.Word)
        {
            Append(c);
        }
        else if (kind != FoldKind.RemovedStarter)
        {
            End(ref ids);
            if (kind == FoldKind.Isolated)
            {
                Append(c);
                End(ref ids);
            }
        }
    }

    // Keeps a combining mark until the next starter. Marks are always parts of words, so those beyond the longest word need no order.
    private void Wait(int item)
    {
        if (markCount < marks.Length && characterCount + markCount < limit.Characters)
            marks[markCount++] = item;
        else
            characterCount = limit.Characters + 1;
    }

    // Canonical ordering: by combining class, those of one class in the order of the text.
    private void PutMarks()
    {
        for (int i = 1; i < markCount; i++)
        {
            int item = marks[i];
            int j = i;
            for (; j > 0 && SequenceItem.CombiningClass(marks[j - 1]) > SequenceItem.CombiningClass(item); j--)
                marks[j] = marks[j - 1];
            marks[j] = item;
        }
        foreach (int item in marks[..markCount])
            Append(SequenceItem.CodePoint(item));
        markCount = 0;
    }

    private void Append(int c)
    {
        if (characterCount >= limit.Characters)
        {
            characterCount = limit.Characters + 1;
            return;
        }
        if (c < 128)
            bytes[byteCount++] = (byte)c;
        else
            byteCount += Utf16.WriteUtf8(c, bytes[byteCount..]);
        characterCount = byteCount <= limit.Bytes ? characterCount + 1 : limit.Characters + 1;
    }
}
