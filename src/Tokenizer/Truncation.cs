namespace Engine.Tokenizer;

/// <summary>How many tokens of each text stay.</summary>
internal static class Truncation
{
    /// <summary>The lengths after truncation.</summary>
    /// <param name="first">Tokens of the first text.</param>
    /// <param name="second">Tokens of the second text; 0 and <paramref name="isPair"/> false where there is none.</param>
    /// <param name="isPair">Whether there is a second text.</param>
    /// <param name="room">Tokens that fit, special tokens not counted.</param>
    /// <param name="strategy">Which text is cut.</param>
    /// <param name="convention">Whose way of sharing the room: they differ in who gets an odd place.</param>
    /// <exception cref="ArgumentException">The text that is to be cut is too short for it.</exception>
    public static (int First, int Second) Lengths(int first, int second, bool isPair, int room, TruncationStrategy strategy, TokenizerConvention convention)
    {
        if ((long)first + second <= room)
            return (first, second);
        if (room == 0)
            return (0, 0);
        int surplus = (int)Math.Min(int.MaxValue, (long)first + second - room);
        switch (strategy)
        {
            case TruncationStrategy.OnlyFirst:
                return (first > surplus ? first - surplus : throw TooShort("first", first, surplus), second);
            case TruncationStrategy.OnlySecond when isPair:
                return (first, second > surplus ? second - surplus : throw TooShort("second", second, surplus));
            case TruncationStrategy.OnlySecond:
                throw new ArgumentException("The second text was to be cut, but there is no second text; cut the first one or the longest.", nameof(strategy));
            default:
                if (!isPair)
                    return (room, 0);
                return convention == TokenizerConvention.HuggingFace ? Shared(first, second, room) : SharedFirstFirst(first, second, room);
        }
    }

    // The longer one gives up to the shorter one's length, then both share; an odd place goes to the longer one, or to the second of two equals.
    private static (int First, int Second) Shared(int first, int second, int room)
    {
        int shorter = Math.Min(first, second);
        int longer = shorter > room ? shorter : Math.Max(shorter, room - shorter);
        if ((long)shorter + longer > room)
        {
            shorter = room / 2;
            longer = room - shorter;
        }
        return first > second ? (longer, shorter) : (shorter, longer);
    }

    // As taking tokens off one by one, each from the longer text, from the second of two equals (BERT's run_classifier.py), or giving them out in turns
    // (TensorFlow Text's RoundRobinTrimmer): the same, and an odd place goes to the first text.
    private static (int First, int Second) SharedFirstFirst(int first, int second, int room)
    {
        int half = room / 2;
        return first <= room - half ? (first, room - first) : second <= half ? (room - second, second) : (room - half, half);
    }

    private static ArgumentException TooShort(string which, int tokens, int surplus) =>
        new($"The {which} text has {tokens} tokens, but {surplus} must be cut from it to fit; allow a longer sequence or cut the longest text first.");
}
