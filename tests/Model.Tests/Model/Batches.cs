using Engine.Model.Data;

namespace Engine.Model.Tests.Model;

/// <summary>Made-up batches.</summary>
internal static class Batches
{
    /// <summary>Random tokens, the second half of every sequence in segment 1, random classes.</summary>
    public static PackedBatch Random(BertConfiguration configuration, IReadOnlyList<int> lengths, ulong seed, int classes = 2)
    {
        var random = new SeededRandom(seed);
        int tokens = lengths.Sum();
        var ids = new int[tokens];
        var segments = new int[tokens];
        var offsets = new int[lengths.Count + 1];
        var labels = new int[lengths.Count];
        for (int s = 0; s < lengths.Count; s++)
        {
            offsets[s + 1] = offsets[s] + lengths[s];
            labels[s] = random.NextBelow(classes);
            for (int i = 0; i < lengths[s]; i++)
            {
                ids[offsets[s] + i] = random.NextBelow(configuration.VocabularySize);
                segments[offsets[s] + i] = i > lengths[s] / 2 ? 1 : 0;
            }
        }

        return new PackedBatch(ids, segments, offsets, labels);
    }

    /// <summary>Consecutive sequences of a batch as a batch.</summary>
    public static PackedBatch Part(PackedBatch batch, int first, int count)
    {
        var offsets = batch.SequenceOffsets.Span;
        int begin = offsets[first], end = offsets[first + count];
        var own = new int[count + 1];
        for (int i = 0; i <= count; i++)
            own[i] = offsets[first + i] - begin;
        return new PackedBatch(batch.Ids[begin..end], batch.Segments[begin..end], own, batch.Labels.Slice(first, count));
    }
}
