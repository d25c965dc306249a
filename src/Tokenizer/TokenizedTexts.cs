namespace Engine.Tokenizer;

/// <summary>Many texts as one packed batch without padding: the sequences one after the other.</summary>
public sealed class TokenizedTexts
{
    internal TokenizedTexts(int[] ids, int[] types, int[] sequenceOffsets, int cutTexts, long cutTokens)
    {
        Ids = ids;
        Types = types;
        SequenceOffsets = sequenceOffsets;
        CutTexts = cutTexts;
        CutTokens = cutTokens;
    }

    /// <summary>Texts that were tokenized elsewhere.</summary>
    /// <param name="ids">Token ids of all sequences, special tokens included: [tokens].</param>
    /// <param name="types">Token types of all sequences: [tokens].</param>
    /// <param name="sequenceOffsets">Where each sequence starts, and at last where the last one ends: [sequences + 1], rising from 0.</param>
    /// <exception cref="ArgumentException">The arrays do not fit together, or a sequence is empty.</exception>
    public static TokenizedTexts FromTokens(int[] ids, int[] types, int[] sequenceOffsets)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(types);
        ArgumentNullException.ThrowIfNull(sequenceOffsets);
        if (ids.Length != types.Length)
            throw new ArgumentException($"{ids.Length} ids and {types.Length} types; one type per id was expected.", nameof(types));
        if (sequenceOffsets.Length == 0 || sequenceOffsets[0] != 0 || sequenceOffsets[^1] != ids.Length
            || Enumerable.Range(1, sequenceOffsets.Length - 1).Any(i => sequenceOffsets[i] <= sequenceOffsets[i - 1]))
            throw new ArgumentException($"The offsets must rise from 0 to the {ids.Length} tokens.", nameof(sequenceOffsets));
        return new TokenizedTexts(ids, types, sequenceOffsets, 0, 0);
    }

    /// <summary>Token ids of all sequences, special tokens included: [tokens].</summary>
    public int[] Ids { get; }

    /// <summary>Token types (segments) of all sequences: 0 for the first text, 1 for the second; [tokens].</summary>
    public int[] Types { get; }

    /// <summary>Where each sequence starts in <see cref="Ids"/>, and at last where the last one ends: [sequences + 1].</summary>
    public int[] SequenceOffsets { get; }

    /// <summary>How many sequences there are.</summary>
    public int Count => SequenceOffsets.Length - 1;

    /// <summary>How many sequences lost tokens because they were too long.</summary>
    public int CutTexts { get; }

    /// <summary>How many tokens all of them lost.</summary>
    public long CutTokens { get; }

    /// <summary>Sequences that were made one by one, as a packed batch.</summary>
    /// <param name="sequences">The sequences.</param>
    public static TokenizedTexts Of(IReadOnlyList<TokenEncoding> sequences)
    {
        ArgumentNullException.ThrowIfNull(sequences);
        int[] offsets = new int[sequences.Count + 1];
        for (int i = 0; i < sequences.Count; i++)
            offsets[i + 1] = checked(offsets[i] + sequences[i].Ids.Length);
        return new TokenizedTexts(
            [.. sequences.SelectMany(sequence => sequence.Ids)], [.. sequences.SelectMany(sequence => sequence.Types)], offsets,
            sequences.Count(sequence => sequence.CutTokens > 0), sequences.Sum(sequence => (long)sequence.CutTokens));
    }

    /// <summary>How many tokens sequence <paramref name="index"/> has.</summary>
    public int Length(int index) => SequenceOffsets[index + 1] - SequenceOffsets[index];

    /// <summary>The ids of sequence <paramref name="index"/>.</summary>
    public ReadOnlySpan<int> IdsOf(int index) => Ids.AsSpan(SequenceOffsets[index], Length(index));

    /// <summary>The token types of sequence <paramref name="index"/>.</summary>
    public ReadOnlySpan<int> TypesOf(int index) => Types.AsSpan(SequenceOffsets[index], Length(index));
}
