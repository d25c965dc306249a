namespace Engine.Model.Data;

/// <summary>
/// A small generator of its own (SplitMix64: Steele, Lea and Flood, 2014), so that a seed gives the same order on every machine and every
/// version of .NET.
/// </summary>
/// <param name="seed">Any number; equal seeds give equal sequences.</param>
public sealed class SeededRandom(ulong seed)
{
    private ulong _state = seed;

    /// <summary>A generator for one purpose of a run: equal arguments give equal sequences, different ones unrelated sequences.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="purpose">A number for the purpose, such as the epoch.</param>
    public static SeededRandom For(ulong seed, ulong purpose) => new(new SeededRandom(seed + (0xD1342543DE82EF95UL * (purpose + 1))).NextUInt64());

    /// <summary>The next 64 bits.</summary>
    public ulong NextUInt64()
    {
        ulong z = _state += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    /// <summary>A number from 0 to <paramref name="exclusiveEnd"/> - 1; the bias is below <paramref name="exclusiveEnd"/> / 2^64.</summary>
    /// <param name="exclusiveEnd">The first number that cannot come, at least 1.</param>
    public int NextBelow(int exclusiveEnd)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(exclusiveEnd, 1);
        return (int)Math.BigMul(NextUInt64(), (ulong)exclusiveEnd, out _);
    }

    /// <summary>A number from 0 to below 1, of 53 random bits.</summary>
    public double NextUnit() => (NextUInt64() >> 11) * (1.0 / (1L << 53));

    /// <summary>A number from the standard normal distribution (Box and Muller, 1958).</summary>
    public double NextNormal()
    {
        // The first number is not 0, whose logarithm is not finite.
        double first = NextUnit() + (1.0 / (1L << 53));
        return Math.Sqrt(-2 * Math.Log(first)) * Math.Cos(2 * Math.PI * NextUnit());
    }

    /// <summary>Shuffles in place (Fisher and Yates).</summary>
    /// <param name="values">What to shuffle.</param>
    public void Shuffle<T>(Span<T> values)
    {
        for (int last = values.Length - 1; last > 0; last--)
        {
            int other = NextBelow(last + 1);
            (values[last], values[other]) = (values[other], values[last]);
        }
    }

    /// <summary>The numbers 0..count-1 in a random order.</summary>
    /// <param name="count">How many.</param>
    public int[] Permutation(int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        Shuffle(order.AsSpan());
        return order;
    }
}
