using Engine.Model.Data;

namespace Engine.Benchmarks.SideBySide.Epoch;

/// <summary>Some of an epoch's batches that stand for all of them.</summary>
/// <param name="Batches">The row numbers of each batch.</param>
/// <param name="Rows">How many rows they have.</param>
/// <param name="Positions">How many positions, padding included where there is padding.</param>
/// <param name="EpochPositions">How many positions the whole epoch has.</param>
internal sealed record EpochSample(IReadOnlyList<int[]> Batches, int Rows, long Positions, long EpochPositions)
{
    /// <summary>
    /// Draws a sample: the epoch's batches are put in the order of their sizes and cut into as many equal parts as batches are wanted, of each of which one is
    /// drawn. So short and long ones are in it as in the epoch, and its time, extended to all rows, is the epoch's without a bias. They come in a random order.
    /// </summary>
    /// <param name="epoch">The row numbers of each of the epoch's batches; at least one batch.</param>
    /// <param name="positions">How many positions a batch has.</param>
    /// <param name="share">The part of the batches that is wanted, above 0 and at most 1; at least one is taken.</param>
    /// <param name="seed">Equal seeds give equal samples.</param>
    /// <returns>The sample.</returns>
    public static EpochSample Draw(IReadOnlyList<int[]> epoch, Func<int[], long> positions, double share, ulong seed)
    {
        SeededRandom random = new(seed);
        int[][] bySize = [.. epoch.OrderBy(positions)];
        int count = Math.Max(1, (int)Math.Round(share * bySize.Length));
        int[][] drawn = new int[count][];
        for (int part = 0; part < count; part++)
        {
            int first = (int)((long)part * bySize.Length / count), end = (int)((part + 1L) * bySize.Length / count);
            drawn[part] = bySize[first + random.NextBelow(end - first)];
        }

        random.Shuffle(drawn.AsSpan());
        return new EpochSample(drawn, drawn.Sum(batch => batch.Length), drawn.Sum(positions), epoch.Sum(positions));
    }
}
