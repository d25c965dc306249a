namespace Engine.Model.Conversion.Verification;

/// <summary>Self-attention in double precision: softmax(Q K^T / sqrt(size)) V, within every sequence and head (Vaswani et al., 2017).</summary>
internal static class ReferenceAttention
{
    /// <summary>Mixes the values.</summary>
    /// <param name="query">[tokens, heads, size]</param>
    /// <param name="key">[tokens, heads, size]</param>
    /// <param name="value">[tokens, heads, size]</param>
    /// <param name="heads">The number of heads.</param>
    /// <param name="batch">Which tokens are of one sequence.</param>
    /// <returns>[tokens, heads, size]</returns>
    public static double[] Apply(double[] query, double[] key, double[] value, int heads, PackedBatch batch)
    {
        int hidden = query.Length / batch.TokenCount;
        int size = hidden / heads;
        var output = new double[query.Length];
        Parallel.For(0, batch.SequenceCount * heads, part =>
        {
            int head = part % heads;
            int first = batch.SequenceOffsets.Span[part / heads];
            int end = batch.SequenceOffsets.Span[(part / heads) + 1];
            for (int token = first; token < end; token++)
            {
                var weights = new double[end - first];
                for (int other = first; other < end; other++)
                {
                    for (int d = 0; d < size; d++)
                        weights[other - first] += query[(token * hidden) + (head * size) + d] * key[(other * hidden) + (head * size) + d] / Math.Sqrt(size);
                }

                double largest = weights.Max();
                double sum = weights.Sum(score => Math.Exp(score - largest));
                for (int other = first; other < end; other++)
                {
                    double weight = Math.Exp(weights[other - first] - largest) / sum;
                    for (int d = 0; d < size; d++)
                        output[(token * hidden) + (head * size) + d] += weight * value[(other * hidden) + (head * size) + d];
                }
            }
        });
        return output;
    }
}
