namespace Engine.Benchmarks.SideBySide.Epoch;

/// <summary>Sequences made equally long, as libraries want them that have no packed batches.</summary>
/// <param name="Width">Tokens of every row, padding included.</param>
/// <param name="Ids">[rows, width], row by row; padding is 0, <c>[PAD]</c>.</param>
/// <param name="Mask">[rows, width]: 1 where there is a token, 0 where there is padding.</param>
/// <param name="Labels">[rows].</param>
internal sealed record PaddedBatch(int Width, int[] Ids, int[] Mask, int[] Labels)
{
    /// <summary>Pads rows of tokenized texts.</summary>
    /// <param name="rows">Each row's token ids.</param>
    /// <param name="labels">Each row's class.</param>
    /// <param name="width">Tokens of every row of the batch; at least as many as the longest row has.</param>
    /// <returns>The batch.</returns>
    /// <exception cref="ArgumentException">A row is longer.</exception>
    public static PaddedBatch Of(IReadOnlyList<int[]> rows, int[] labels, int width)
    {
        int[] ids = new int[rows.Count * width], mask = new int[ids.Length];
        for (int row = 0; row < rows.Count; row++)
        {
            if (rows[row].Length > width)
                throw new ArgumentException($"a row of {rows[row].Length} tokens, expected at most {width}", nameof(width));
            rows[row].CopyTo(ids.AsSpan(row * width));
            mask.AsSpan(row * width, rows[row].Length).Fill(1);
        }

        return new PaddedBatch(width, ids, mask, labels);
    }
}
