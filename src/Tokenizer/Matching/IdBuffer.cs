using System.Buffers;

namespace Engine.Tokenizer.Matching;

/// <summary>A growing array of ids from a pool; a mutable structure, passed by reference.</summary>
internal struct IdBuffer
{
    private const int SmallestLength = 1024;

    /// <summary>The array; valid up to <see cref="Count"/>.</summary>
    public int[] Items;

    /// <summary>How many ids there are.</summary>
    public int Count;

    /// <summary>The ids.</summary>
    public readonly ReadOnlySpan<int> Ids => Items.AsSpan(0, Count);

    /// <summary>An empty buffer.</summary>
    public static IdBuffer Rent() => new() { Items = ArrayPool<int>.Shared.Rent(SmallestLength) };

    /// <summary>Gives the array back to the pool, after which the buffer must not be used.</summary>
    /// <returns>How many ids there were.</returns>
    public readonly int Return()
    {
        ArrayPool<int>.Shared.Return(Items);
        return Count;
    }

    /// <summary>Makes room for <paramref name="extra"/> more.</summary>
    public void Reserve(int extra)
    {
        if (Items.Length - Count < extra)
            Grow(extra);
    }

    /// <summary>Appends; room must have been made.</summary>
    public void Add(int id) => Items[Count++] = id;

    private void Grow(int extra)
    {
        long needed = (long)Count + extra;
        if (needed > Array.MaxLength)
            throw new ArgumentException($"The texts have more than {Array.MaxLength} tokens together; take them in several parts.");
        int[] larger = ArrayPool<int>.Shared.Rent((int)Math.Min(Array.MaxLength, Math.Max(needed, 2L * Items.Length)));
        Items.AsSpan(0, Count).CopyTo(larger);
        ArrayPool<int>.Shared.Return(Items);
        Items = larger;
    }
}
