using ILGPU;

namespace Engine.Kernels;

/// <summary>
/// One layer-norm with its dropout and residual: random inputs, the forward and the backward pass in double precision, and what a device may err.
/// </summary>
internal sealed class LayerNormReference
{
    /// <summary>Added to the variance: BERT's.</summary>
    public const float Epsilon = 1e-12f;

    private readonly int hidden;
    private readonly int tokens;
    private readonly int tokenBase;
    private readonly bool residual;

    /// <summary>Draws the inputs and computes the forward pass.</summary>
    public LayerNormReference(int hidden, int tokens, bool residual, DropoutState dropout, int tokenBase)
        : this(
            hidden,
            tokens,
            residual,
            dropout,
            tokenBase,
            CheckInputs.Uniform(tokens * hidden, 1, 2f),
            CheckInputs.Uniform(tokens * hidden, 2),
            CheckInputs.Uniform(tokens * hidden, 3))
    {
    }

    private LayerNormReference(
        int hidden, int tokens, bool residual, DropoutState dropout, int tokenBase, float[] input, float[] residuals, float[] doutput)
    {
        (this.hidden, this.tokens, this.residual, this.tokenBase, Dropout) = (hidden, tokens, residual, tokenBase, dropout);
        Input = CheckInputs.Doubles(input);
        Residual = CheckInputs.Doubles(residuals);
        Doutput = doutput;
        Gamma = Array.ConvertAll(CheckInputs.Uniform(hidden, 4, 0.5f), value => 1f + value);
        Beta = CheckInputs.Uniform(hidden, 5);
        GammaValues = CheckInputs.Doubles(Gamma);
        BetaValues = CheckInputs.Doubles(Beta);
        Loss();
        Largest = Sum.Max(Math.Abs);
    }

    /// <summary>The dropout of the input.</summary>
    public DropoutState Dropout { get; }

    /// <summary>[tokens, hidden].</summary>
    public double[] Input { get; }

    /// <summary>[tokens, hidden]; added where the reference has a residual.</summary>
    public double[] Residual { get; }

    /// <summary>Gradient of the output, [tokens, hidden].</summary>
    public float[] Doutput { get; }

    /// <summary>[hidden], 0.5 to 1.5.</summary>
    public float[] Gamma { get; }

    /// <summary>[hidden].</summary>
    public float[] Beta { get; }

    /// <summary><see cref="Gamma"/> as the reference reads it.</summary>
    public double[] GammaValues { get; }

    /// <summary><see cref="Beta"/> as the reference reads it.</summary>
    public double[] BetaValues { get; }

    /// <summary>residual + dropout(input), [tokens, hidden].</summary>
    public double[] Sum { get; private set; } = [];

    /// <summary>Each row's mean, [tokens].</summary>
    public double[] Mean { get; private set; } = [];

    /// <summary>1 / sqrt(variance + epsilon), [tokens].</summary>
    public double[] Rstd { get; private set; } = [];

    /// <summary>The result, [tokens, hidden].</summary>
    public double[] Output { get; private set; } = [];

    /// <summary>The largest magnitude of a sum.</summary>
    public double Largest { get; }

    /// <summary>The mean's error, and the rounding of sum and difference, relative to the deviation.</summary>
    public double NormalizedError => Rstd.Max() * (Rounding.SumError(hidden) + 2 * Rounding.Unit) * Largest + RstdError * 6;

    /// <summary>Half the variance's relative error, which the mean's error enters squared, and three roundings.</summary>
    public double RstdError => Rounding.SumError(hidden) + Math.Pow(Rstd.Max() * Rounding.SumError(hidden) * Largest, 2) + 4 * Rounding.Unit;

    /// <summary>The product with gamma, at most 1.5, of what the normalized value errs; three roundings.</summary>
    public double OutputError => 1.5 * NormalizedError + 3 * Rounding.Unit;

    /// <summary>g and its two means carry relative errors of sums; n carries its own; |g| is at most 1.5, |n| about 3.</summary>
    public double GradientError => Rstd.Max() * 1.5 * (2 * Rounding.SumError(hidden) * 10 + NormalizedError * 6 + 4 * Rounding.Unit);

    /// <summary>The same of one row alone.</summary>
    public LayerNormReference Row(int row) => new(
        hidden,
        1,
        residual,
        Dropout,
        tokenBase + row,
        [.. Input[(row * hidden)..((row + 1) * hidden)].Select(v => (float)v)],
        [.. Residual[(row * hidden)..((row + 1) * hidden)].Select(v => (float)v)],
        Doutput[(row * hidden)..((row + 1) * hidden)]);

    /// <summary>Runs the forward pass on a device.</summary>
    public (ArrayView<float> Sum, ArrayView<float> Output, ArrayView<float> Mean, ArrayView<float> Rstd) Forward(
        DeviceBuffers buffers, LayerNorm norm)
    {
        var sum = buffers.Out(tokens * hidden);
        var output = buffers.Out(tokens * hidden);
        var mean = buffers.Out(tokens);
        var rstd = buffers.Out(tokens);
        norm.Forward(
            buffers.Of(Array.ConvertAll(Input, v => (float)v)),
            residual ? buffers.Of(Array.ConvertAll(Residual, v => (float)v)) : default,
            buffers.Of(Gamma),
            buffers.Of(Beta),
            sum,
            output,
            mean,
            rstd,
            tokens,
            Dropout,
            tokenBase);
        return (sum, output, mean, rstd);
    }

    /// <summary>The forward pass in double precision; gives the sum of doutput * output.</summary>
    public double Loss()
    {
        var draw = Dropout.ToDraw();
        (Sum, Output, Mean, Rstd) = (new double[tokens * hidden], new double[tokens * hidden], new double[tokens], new double[tokens]);
        double loss = 0;
        for (int row = 0; row < tokens; row++)
        {
            for (int c = 0; c < hidden; c++)
            {
                int i = row * hidden + c;
                double factor = Dropout.Enabled ? draw.Factor(tokenBase + row, c) : 1;
                Sum[i] = Input[i] * factor + (residual ? Residual[i] : 0);
            }

            var values = Sum.AsSpan(row * hidden, hidden).ToArray();
            Mean[row] = values.Average();
            Rstd[row] = 1 / Math.Sqrt(values.Average(v => (v - Mean[row]) * (v - Mean[row])) + Epsilon);
            for (int c = 0; c < hidden; c++)
            {
                int i = row * hidden + c;
                Output[i] = (Sum[i] - Mean[row]) * Rstd[row] * GammaValues[c] + BetaValues[c];
                loss += Output[i] * Doutput[i];
            }
        }

        return loss;
    }

    /// <summary>The backward pass in double precision: the gradients of sum, input, gamma and beta.</summary>
    public (double[] Sum, double[] Input, double[] Gamma, double[] Beta) Backward()
    {
        var draw = Dropout.ToDraw();
        var dsum = new double[tokens * hidden];
        var dinput = new double[tokens * hidden];
        var dgamma = new double[hidden];
        var dbeta = new double[hidden];
        for (int row = 0; row < tokens; row++)
        {
            double meanG = 0;
            double meanGn = 0;
            for (int c = 0; c < hidden; c++)
            {
                int i = row * hidden + c;
                double n = (Sum[i] - Mean[row]) * Rstd[row];
                meanG += Doutput[i] * GammaValues[c] / hidden;
                meanGn += Doutput[i] * GammaValues[c] * n / hidden;
                dgamma[c] += Doutput[i] * n;
                dbeta[c] += Doutput[i];
            }

            for (int c = 0; c < hidden; c++)
            {
                int i = row * hidden + c;
                double n = (Sum[i] - Mean[row]) * Rstd[row];
                dsum[i] = (Doutput[i] * GammaValues[c] - meanG - n * meanGn) * Rstd[row];
                dinput[i] = dsum[i] * (Dropout.Enabled ? draw.Factor(tokenBase + row, c) : 1);
            }
        }

        return (dsum, dinput, dgamma, dbeta);
    }
}
