namespace Engine.Kernels;

/// <summary>
/// Attention as the textbook has it, in double precision, one sequence and head after another with the whole matrix of probabilities; and for every
/// result a bound on what float arithmetic may err.
/// <para>
/// The bounds: u is half a unit in the last place of 1. A sum of n products errs by at most (n + 2) u times the sum of their magnitudes, in any order. A score's
/// error moves its probability by as much relatively, once itself and once through the denominator; beside it stand the n additions of the
/// denominator, the rounding of score - maximum, a rescaling per tile of at least 16 keys, and 4 units in the last place for each exponential, in all R. Errors of factors
/// then go through the products of the backward pass.
/// </para>
/// </summary>
internal sealed class AttentionReference
{
    private readonly int headSize;
    private readonly int tokens;
    private readonly int width;

    /// <summary>Computes the forward pass, and the backward pass where a gradient of the context is given.</summary>
    public AttentionReference(double[] qkv, int[] offsets, int heads, int headSize, DropoutState dropout, int tokenBase, float[]? contextGradient = null)
    {
        this.headSize = headSize;
        tokens = offsets[^1];
        width = heads * headSize;
        Context = new double[tokens * width];
        ContextBound = new double[tokens * width];
        LogSumExp = new double[heads * tokens];
        LogSumExpBound = new double[heads * tokens];
        Gradient = new double[tokens * 3 * width];
        GradientBound = new double[tokens * 3 * width];
        for (var sequence = 0; sequence + 1 < offsets.Length; sequence++)
        {
            for (var head = 0; head < heads; head++)
                Compute(qkv, offsets[sequence], offsets[sequence + 1], head, dropout, tokenBase, contextGradient);
        }
    }

    /// <summary>[tokens, H].</summary>
    public double[] Context { get; }

    /// <summary>What a device's may err.</summary>
    public double[] ContextBound { get; }

    /// <summary>[heads, tokens].</summary>
    public double[] LogSumExp { get; }

    /// <summary>What a device's may err.</summary>
    public double[] LogSumExpBound { get; }

    /// <summary>Of query, key and value, [tokens, 3H]; zeros where there was no backward pass.</summary>
    public double[] Gradient { get; }

    /// <summary>What a device's may err.</summary>
    public double[] GradientBound { get; }

    private static double Factor(DropoutState dropout, int token, int head, int key)
    {
        if (dropout.Probability == 0)
            return 1;

        // The rule in its own words: 64 keys take 16 calls, a call serves every sixteenth of them; a head has 65,536 calls.
        var call = (head * 65536) + (key / 64 * 16) + (key % 16);
        var words = Philox.Generate((uint)call, (uint)token, dropout.Step, dropout.Site, (uint)(dropout.Seed & 0xFFFFFFFF), (uint)(dropout.Seed >> 32));
        var word = (key % 64 / 16) switch { 0 => words.Word0, 1 => words.Word1, 2 => words.Word2, _ => words.Word3 };
        return word >= dropout.Probability * 4294967296.0 ? 1 / (1 - (double)dropout.Probability) : 0;
    }

    private void Compute(double[] qkv, int first, int end, int head, DropoutState dropout, int tokenBase, float[]? contextGradient)
    {
        var length = end - first;
        var scale = 1 / Math.Sqrt(headSize);
        var probabilities = new double[length, length];
        var factors = new double[length, length];
        var relative = new double[length]; // R
        int Query(int token) => (((first + token) * 3) * width) + (head * headSize);
        int Output(int token) => ((first + token) * width) + (head * headSize);

        for (var q = 0; q < length; q++)
        {
            var scores = new double[length];
            double scoreBound = 0;
            for (var k = 0; k < length; k++)
            {
                double magnitude = 0;
                for (var c = 0; c < headSize; c++)
                {
                    var product = qkv[Query(q) + c] * qkv[Query(k) + width + c] * scale;
                    scores[k] += product;
                    magnitude += Math.Abs(product);
                }

                scoreBound = Math.Max(scoreBound, (headSize + 4) * Rounding.Unit * magnitude);
            }

            var max = scores.Max();
            var sum = scores.Sum(score => Math.Exp(score - max));
            relative[q] = (2 * scoreBound) + ((length + (2 * (max - scores.Min())) + (2 * Math.Abs(max)) + (length / 2) + 40) * Rounding.Unit);
            LogSumExp[(head * tokens) + first + q] = max + Math.Log(sum);
            LogSumExpBound[(head * tokens) + first + q] = relative[q] + (4 * Rounding.Unit * (Math.Abs(max) + Math.Log(sum)));
            relative[q] += LogSumExpBound[(head * tokens) + first + q];
            for (var k = 0; k < length; k++)
            {
                probabilities[q, k] = Math.Exp(scores[k] - max) / sum;
                factors[q, k] = Factor(dropout, tokenBase + first + q, head, k);
                for (var c = 0; c < headSize; c++)
                {
                    var part = probabilities[q, k] * factors[q, k] * qkv[Query(k) + (2 * width) + c];
                    Context[Output(q) + c] += part;
                    ContextBound[Output(q) + c] += (relative[q] + ((length + 4) * Rounding.Unit)) * Math.Abs(part);
                }
            }
        }

        if (contextGradient is null)
            return;
        for (var q = 0; q < length; q++)
        {
            double delta = 0;
            double deltaBound = 0;
            for (var c = 0; c < headSize; c++)
            {
                var at = Output(q) + c;
                delta += contextGradient[at] * Context[at];
                deltaBound += Math.Abs(contextGradient[at]) * (ContextBound[at] + ((headSize + 2) * Rounding.Unit * Math.Abs(Context[at])));
            }

            for (var k = 0; k < length; k++)
            {
                double gradient = 0;
                double magnitude = 0;
                for (var c = 0; c < headSize; c++)
                {
                    var product = contextGradient[Output(q) + c] * qkv[Query(k) + (2 * width) + c] * factors[q, k];
                    gradient += product;
                    magnitude += Math.Abs(product);
                }

                var p = probabilities[q, k];
                var dscore = p * (gradient - delta);
                var dscoreBound = (relative[q] * Math.Abs(dscore)) +
                    (p * (((headSize + 4) * Rounding.Unit * magnitude) + deltaBound + (3 * Rounding.Unit * (Math.Abs(gradient) + Math.Abs(delta)))));
                for (var c = 0; c < headSize; c++)
                {
                    var key = qkv[Query(k) + width + c] * scale;
                    var query = qkv[Query(q) + c] * scale;
                    var sums = (length + 4) * Rounding.Unit;
                    Gradient[Query(q) + c] += dscore * key;
                    GradientBound[Query(q) + c] += (dscoreBound + (sums * Math.Abs(dscore))) * Math.Abs(key);
                    Gradient[Query(k) + width + c] += dscore * query;
                    GradientBound[Query(k) + width + c] += (dscoreBound + (sums * Math.Abs(dscore))) * Math.Abs(query);
                    var part = p * factors[q, k] * contextGradient[Output(q) + c];
                    Gradient[Query(k) + (2 * width) + c] += part;
                    GradientBound[Query(k) + (2 * width) + c] += (relative[q] + sums) * Math.Abs(part);
                }
            }
        }
    }
}
