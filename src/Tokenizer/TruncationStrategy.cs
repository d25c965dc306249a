namespace Engine.Tokenizer;

/// <summary>Which text of a pair loses tokens, from its end, where the pair is too long.</summary>
public enum TruncationStrategy
{
    /// <summary>The longer one, down to the length of the other, then both.</summary>
    LongestFirst,

    /// <summary>The first one only.</summary>
    OnlyFirst,

    /// <summary>The second one only.</summary>
    OnlySecond,
}
