using Engine.Model.Data;

namespace Engine.Model.Conversion.Verification;

/// <summary>The input that a source and its conversion are compared on: sequences of several lengths, of words, positions and segments from a seed.</summary>
internal sealed class VerificationBatch
{
    private static readonly int[] Lengths = [2, 7, 16, 40];

    /// <summary>Draws the input.</summary>
    /// <param name="configuration">The model's sizes.</param>
    /// <param name="seed">Equal seeds give equal input.</param>
    public VerificationBatch(BertConfiguration configuration, ulong seed)
    {
        var random = SeededRandom.For(seed, 0);
        List<int> ids = [], segments = [], offsets = [0], asked = [];
        foreach (int length in Lengths.Select(length => Math.Min(length, configuration.MaxPositions)))
        {
            // A pair: its second half is another segment.
            for (int i = 0; i < length; i++)
            {
                ids.Add(random.NextBelow(configuration.VocabularySize));
                segments.Add(2 * i < length ? 0 : configuration.SegmentCount - 1);
            }

            asked.Add(offsets[^1] + random.NextBelow(length));
            offsets.Add(ids.Count);
        }

        Packed = new PackedBatch(ids.ToArray(), segments.ToArray(), offsets.ToArray(), default);
        MaskedTokens = asked;
    }

    /// <summary>The sequences.</summary>
    public PackedBatch Packed { get; }

    /// <summary>A token of every sequence, counted over the whole batch, for which a masked-language-model head is asked.</summary>
    public IReadOnlyList<int> MaskedTokens { get; }
}
