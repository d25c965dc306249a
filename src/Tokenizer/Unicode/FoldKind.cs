namespace Engine.Tokenizer.Unicode;

/// <summary>What becomes of a character before words are looked up.</summary>
internal enum FoldKind : byte
{
    /// <summary>Part of a word, unchanged.</summary>
    Word,

    /// <summary>Part of a word, as the character in the payload.</summary>
    Mapped,

    /// <summary>A word of its own: the character in the payload, itself where that is 0.</summary>
    Isolated,

    /// <summary>Ends a word and is no part of one.</summary>
    Space,

    /// <summary>Removed without a trace.</summary>
    Removed,

    /// <summary>Removed, but combining marks on either side of it are not reordered across it.</summary>
    RemovedStarter,

    /// <summary>A Hangul syllable: becomes its jamo, parts of a word.</summary>
    HangulSyllable,

    /// <summary>Becomes the sequence that the payload is the index of.</summary>
    Sequence,
}
