using System.Runtime.CompilerServices;

namespace Engine.Model.Conversion.Verification;

/// <summary>A dense layer in double precision: y = x W + b.</summary>
internal sealed class ReferenceDense
{
    private readonly double[] weights;
    private readonly double[] bias;

    /// <summary>Reads the weights from the axes that the source has them in.</summary>
    /// <param name="kernel">
    /// Input axes first ([in, out], [in, heads, size] or [heads, size, out]) or output axis first ([out, in]): in row-major order, element
    /// (i, o) is at i * out + o or at o * in + i, however many axes either part has.
    /// </param>
    /// <param name="inputFirst">Which.</param>
    /// <param name="inputSize">The number of inputs.</param>
    /// <param name="bias">[out]</param>
    public ReferenceDense(ReferenceTensor kernel, bool inputFirst, int inputSize, double[] bias)
    {
        this.bias = bias;
        InputSize = inputSize;
        weights = new double[inputSize * OutputSize];
        Parallel.For(0, OutputSize, output =>
        {
            for (int input = 0; input < inputSize; input++)
                weights[(output * inputSize) + input] = kernel[inputFirst ? (input * OutputSize) + output : (output * inputSize) + input];
        });
    }

    /// <summary>The number of inputs.</summary>
    public int InputSize { get; }

    /// <summary>The number of outputs.</summary>
    public int OutputSize => bias.Length;

    /// <summary>Applies the layer to rows.</summary>
    /// <param name="input">[rows, in]</param>
    /// <returns>[rows, out]</returns>
    public double[] Apply(double[] input)
    {
        int rows = input.Length / InputSize;
        var output = new double[rows * OutputSize];

        // Four rows use a weight when it is there. What is missing of the last four is the last row again.
        Parallel.For(0, (rows + 3) / 4, block =>
        {
            int Row(int r) => Math.Min((4 * block) + r, rows - 1);
            ReadOnlySpan<double> Input(int r) => input.AsSpan(Row(r) * InputSize, InputSize);
            Span<double> Output(int r) => output.AsSpan(Row(r) * OutputSize, OutputSize);
            Multiply(Input(0), Input(1), Input(2), Input(3), Output(0), Output(1), Output(2), Output(3));
        });
        return output;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Multiply(
        ReadOnlySpan<double> x0,
        ReadOnlySpan<double> x1,
        ReadOnlySpan<double> x2,
        ReadOnlySpan<double> x3,
        Span<double> y0,
        Span<double> y1,
        Span<double> y2,
        Span<double> y3)
    {
        for (int o = 0; o < bias.Length; o++)
        {
            var w = weights.AsSpan(o * x0.Length, x0.Length);
            double sum0 = bias[o], sum1 = bias[o], sum2 = bias[o], sum3 = bias[o];
            for (int i = 0; i < w.Length; i++)
            {
                sum0 += x0[i] * w[i];
                sum1 += x1[i] * w[i];
                sum2 += x2[i] * w[i];
                sum3 += x3[i] * w[i];
            }

            (y0[o], y1[o], y2[o], y3[o]) = (sum0, sum1, sum2, sum3);
        }
    }
}
