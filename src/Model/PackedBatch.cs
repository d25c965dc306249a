namespace Engine.Model;

/// <summary>
/// A batch without padding: the tokens of its sequences one after another. Sequence s has the tokens from
/// <c>SequenceOffsets[s]</c> up to <c>SequenceOffsets[s + 1]</c>.
/// </summary>
/// <param name="Ids">[tokens], vocabulary indices, special tokens included.</param>
/// <param name="Segments">[tokens], 0 for a text or a pair's first text, 1 for the second.</param>
/// <param name="SequenceOffsets">[sequences + 1], ascending from 0 to the number of tokens.</param>
/// <param name="Labels">[sequences], each the index of its class (0 or 1 for a sigmoid head); empty where they are not known.</param>
public readonly record struct PackedBatch(
    ReadOnlyMemory<int> Ids, ReadOnlyMemory<int> Segments, ReadOnlyMemory<int> SequenceOffsets, ReadOnlyMemory<int> Labels)
{
    /// <summary>The number of tokens.</summary>
    public int TokenCount => Ids.Length;

    /// <summary>The number of sequences.</summary>
    public int SequenceCount => SequenceOffsets.Length - 1;
}
