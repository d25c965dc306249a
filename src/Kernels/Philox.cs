namespace Engine.Kernels;

/// <summary>The four 32-bit words that one call of <see cref="Philox.Generate"/> gives.</summary>
/// <param name="word0">Word 0.</param>
/// <param name="word1">Word 1.</param>
/// <param name="word2">Word 2.</param>
/// <param name="word3">Word 3.</param>
public readonly struct PhiloxWords(uint word0, uint word1, uint word2, uint word3)
{
    /// <summary>Word 0.</summary>
    public readonly uint Word0 = word0;

    /// <summary>Word 1.</summary>
    public readonly uint Word1 = word1;

    /// <summary>Word 2.</summary>
    public readonly uint Word2 = word2;

    /// <summary>Word 3.</summary>
    public readonly uint Word3 = word3;

    /// <summary>Picks a word by its number.</summary>
    /// <param name="index">0 to 3.</param>
    /// <returns>The word.</returns>
    public uint Pick(int index)
    {
        var low = (index & 1) == 0 ? Word0 : Word1;
        var high = (index & 1) == 0 ? Word2 : Word3;
        return (index & 2) == 0 ? low : high;
    }
}

/// <summary>
/// The counter-based generator Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3; SC 2011):
/// four words of a counter and two of a key give four random words, with no state. Legal in kernels and on the host.
/// </summary>
public static class Philox
{
    private const uint Multiplier0 = 0xD2511F53;
    private const uint Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9;
    private const uint Weyl1 = 0xBB67AE85;

    /// <summary>Gives the four words of one counter.</summary>
    /// <param name="counter0">Word 0 of the counter.</param>
    /// <param name="counter1">Word 1 of the counter.</param>
    /// <param name="counter2">Word 2 of the counter.</param>
    /// <param name="counter3">Word 3 of the counter.</param>
    /// <param name="key0">Word 0 of the key.</param>
    /// <param name="key1">Word 1 of the key.</param>
    /// <returns>The random words.</returns>
    public static PhiloxWords Generate(uint counter0, uint counter1, uint counter2, uint counter3, uint key0, uint key1)
    {
        for (var round = 0; round < 10; round++)
        {
            var high0 = MultiplyHigh(counter0, Multiplier0);
            var high1 = MultiplyHigh(counter2, Multiplier1);
            var low0 = counter0 * Multiplier0;
            var low1 = counter2 * Multiplier1;
            counter0 = high1 ^ counter1 ^ key0;
            counter1 = low1;
            counter2 = high0 ^ counter3 ^ key1;
            counter3 = low0;
            key0 += Weyl0;
            key1 += Weyl1;
        }

        return new PhiloxWords(counter0, counter1, counter2, counter3);
    }

    private static uint MultiplyHigh(uint left, uint right) => (uint)(((ulong)left * right) >> 32);
}
