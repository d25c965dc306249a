namespace Engine.Model.Training;

/// <summary>From probabilities to classes.</summary>
public static class Decision
{
    /// <summary>
    /// The class of each row: of two classes the second where its probability is at least <paramref name="threshold"/>, else the first; of several
    /// classes the one with the largest probability (of equals the first).
    /// </summary>
    /// <param name="probabilities">[rows, classes]</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="threshold">Used with two classes.</param>
    public static int[] Classes(ReadOnlySpan<float> probabilities, int classes, double threshold = 0.5)
    {
        int[] decided = new int[probabilities.Length / classes];
        for (int row = 0; row < decided.Length; row++)
        {
            ReadOnlySpan<float> ofRow = probabilities.Slice(row * classes, classes);
            decided[row] = classes == 2 ? (ofRow[1] >= threshold ? 1 : 0) : IndexOfLargest(ofRow);
        }
        return decided;
    }

    private static int IndexOfLargest(ReadOnlySpan<float> values)
    {
        int largest = 0;
        for (int i = 1; i < values.Length; i++)
        {
            if (values[i] > values[largest])
                largest = i;
        }
        return largest;
    }
}
