using ILGPU;
using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>Layer norm with its dropout and residual against double precision and finite differences.</summary>
[Collection(TestDevices.Collection)]
public sealed class LayerNormTests(TestDevices devices)
{
    private const float Epsilon = 1e-12f;

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void ForwardFollowsTheDoubleReference(string name)
    {
        var device = devices.Get(name);
        foreach (int hidden in RowCases.Columns(name))
        {
            using var norm = new LayerNorm(device, hidden, Epsilon);
            foreach (int tokens in RowCases.Rows(name))
            {
                foreach (int form in hidden == 127 ? [0, 1, 2, 3] : new[] { 0, 3 })
                {
                    var dropout = (form & 1) != 0 ? new DropoutState(0.3f, 0x123456789ABCDEF, 7, 3) : DropoutState.Off;
                    var data = new Case(hidden, tokens, (form & 2) != 0, dropout, 5);
                    using var buffers = new DeviceBuffers(device);
                    var (sum, output, mean, rstd) = data.Forward(buffers, norm);

                    string what = $"hidden {hidden}, tokens {tokens}, form {form}";
                    Near.Equal(data.Sum, buffers.Read(sum), 2 * Near.Unit, 2 * Near.Unit, what + ", sum");
                    Near.Equal(data.Mean, buffers.Read(mean), 0, RowCases.SumError(hidden) * data.Largest, what + ", mean");
                    Near.Equal(data.Rstd, buffers.Read(rstd), data.RstdError, 0, what + ", rstd");
                    Near.Equal(data.Output, buffers.Read(output), 0, data.OutputError, what + ", output");
                }
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void BackwardFollowsTheDoubleReference(string name)
    {
        var device = devices.Get(name);
        foreach (int hidden in RowCases.Columns(name))
        {
            using var norm = new LayerNorm(device, hidden, Epsilon);
            foreach (int tokens in RowCases.Rows(name))
            {
                foreach (bool drop in new[] { false, true })
                {
                    var dropout = drop ? new DropoutState(0.3f, 99, 7, 3) : DropoutState.Off;
                    var data = new Case(hidden, tokens, false, dropout, 2);
                    using var buffers = new DeviceBuffers(device);
                    var (sum, _, mean, rstd) = data.Forward(buffers, norm);
                    var dsum = buffers.Out(tokens * hidden);
                    var dinput = buffers.Out(tokens * hidden);
                    var dgamma = buffers.Of(Matrices.Uniform(hidden, 50));
                    var dbeta = buffers.Of(Matrices.Uniform(hidden, 51));
                    var doutput = buffers.Of(data.Doutput);
                    norm.Backward(
                        doutput, sum, buffers.Of(data.Gamma), mean, rstd, dsum, dinput, dgamma, dbeta, tokens, dropout, 2, accumulate: drop);

                    string what = $"hidden {hidden}, tokens {tokens}, dropout {drop}";
                    var (expectedSum, expectedInput, expectedGamma, expectedBeta) = data.Backward();
                    if (drop)
                    {
                        AddTo(expectedGamma, Matrices.Uniform(hidden, 50));
                        AddTo(expectedBeta, Matrices.Uniform(hidden, 51));
                        Near.Equal(expectedInput, buffers.Read(dinput), 0, data.GradientError * 1.5, what + ", dinput");
                    }

                    Near.Equal(expectedSum, buffers.Read(dsum), 0, data.GradientError, what + ", dsum");
                    double rows = (tokens + 16) * Near.Unit * tokens;
                    Near.Equal(expectedGamma, buffers.Read(dgamma), 0, rows + tokens * data.NormalizedError + 1e-7, what + ", dgamma");
                    Near.Equal(expectedBeta, buffers.Read(dbeta), 0, rows + 1e-7, what + ", dbeta");
                }
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void BackwardFollowsFiniteDifferences(string name)
    {
        var device = devices.Get(name);
        const int Hidden = 19;
        const int Tokens = 3;
        using var norm = new LayerNorm(device, Hidden, Epsilon);
        var data = new Case(Hidden, Tokens, true, new DropoutState(0.25f, 5, 1, 1), 0);
        using var buffers = new DeviceBuffers(device);
        var (sum, _, mean, rstd) = data.Forward(buffers, norm);
        var dsum = buffers.Out(Tokens * Hidden);
        var dinput = buffers.Out(Tokens * Hidden);
        var dgamma = buffers.Out(Hidden);
        var dbeta = buffers.Out(Hidden);
        norm.Backward(
            buffers.Of(data.Doutput), sum, buffers.Of(data.Gamma), mean, rstd, dsum, dinput, dgamma, dbeta, Tokens, data.Dropout, 0, false);

        // The difference's own error is about step^2 times the third derivative, below 1e-8 here.
        double[] Slopes(double[] values) => [.. Enumerable.Range(0, values.Length).Select(i => Near.Slope(values, i, data.Loss))];
        double allowed = data.GradientError + 1e-8;
        Near.Equal(Slopes(data.Residual), buffers.Read(dsum), 0, allowed, "dsum");
        Near.Equal(Slopes(data.Input), buffers.Read(dinput), 0, allowed * 2, "dinput");
        Near.Equal(Slopes(data.GammaValues), buffers.Read(dgamma), 0, allowed * Tokens, "dgamma");
        Near.Equal(Slopes(data.BetaValues), buffers.Read(dbeta), 0, allowed * Tokens, "dbeta");
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void ARowIsTheSameAloneAndInABatch(string name)
    {
        var device = devices.Get(name);
        const int Hidden = 77;
        const int Tokens = 11;
        using var norm = new LayerNorm(device, Hidden, Epsilon);
        var dropout = new DropoutState(0.1f, 5, 1, 1);
        var data = new Case(Hidden, Tokens, true, dropout, 0);
        using var buffers = new DeviceBuffers(device);
        var output = buffers.Read(data.Forward(buffers, norm).Output);
        foreach (int row in new[] { 0, 7, 8, 10 })
        {
            var alone = data.Row(row);
            Assert.Equal(output[(row * Hidden)..((row + 1) * Hidden)], buffers.Read(alone.Forward(buffers, norm).Output));
        }
    }

    private static void AddTo(double[] values, float[] more)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] += more[i];
    }

    private sealed class Case
    {
        private readonly int hidden;
        private readonly int tokens;
        private readonly int tokenBase;
        private readonly bool residual;

        public Case(int hidden, int tokens, bool residual, DropoutState dropout, int tokenBase)
            : this(
                hidden,
                tokens,
                residual,
                dropout,
                tokenBase,
                Matrices.Uniform(tokens * hidden, 1, 2f),
                Matrices.Uniform(tokens * hidden, 2),
                Matrices.Uniform(tokens * hidden, 3))
        {
        }

        private Case(
            int hidden, int tokens, bool residual, DropoutState dropout, int tokenBase, float[] input, float[] residuals, float[] doutput)
        {
            (this.hidden, this.tokens, this.residual, this.tokenBase, Dropout) = (hidden, tokens, residual, tokenBase, dropout);
            Input = Near.Doubles(input);
            Residual = Near.Doubles(residuals);
            Doutput = doutput;
            Gamma = Array.ConvertAll(Matrices.Uniform(hidden, 4, 0.5f), value => 1f + value);
            Beta = Matrices.Uniform(hidden, 5);
            GammaValues = Near.Doubles(Gamma);
            BetaValues = Near.Doubles(Beta);
            Loss();
            Largest = Sum.Max(Math.Abs);
        }

        public DropoutState Dropout { get; }

        public double[] Input { get; }

        public double[] Residual { get; }

        public float[] Doutput { get; }

        public float[] Gamma { get; }

        public float[] Beta { get; }

        public double[] GammaValues { get; }

        public double[] BetaValues { get; }

        public double[] Sum { get; private set; } = [];

        public double[] Mean { get; private set; } = [];

        public double[] Rstd { get; private set; } = [];

        public double[] Output { get; private set; } = [];

        public double Largest { get; }

        /// <summary>The mean's error, and the rounding of sum and difference, relative to the deviation.</summary>
        public double NormalizedError => Rstd.Max() * (RowCases.SumError(hidden) + 2 * Near.Unit) * Largest + RstdError * 6;

        /// <summary>Half the variance's relative error, which the mean's error enters squared, and three roundings.</summary>
        public double RstdError => RowCases.SumError(hidden) + Math.Pow(Rstd.Max() * RowCases.SumError(hidden) * Largest, 2) + 4 * Near.Unit;

        public double OutputError => 1.5 * NormalizedError + 3 * Near.Unit;

        /// <summary>g and its two means carry relative errors of sums; n carries its own; |g| is at most 1.5, |n| about 3.</summary>
        public double GradientError => Rstd.Max() * 1.5 * (2 * RowCases.SumError(hidden) * 10 + NormalizedError * 6 + 4 * Near.Unit);

        public Case Row(int row) => new(
            hidden,
            1,
            residual,
            Dropout,
            tokenBase + row,
            [.. Input[(row * hidden)..((row + 1) * hidden)].Select(v => (float)v)],
            [.. Residual[(row * hidden)..((row + 1) * hidden)].Select(v => (float)v)],
            Doutput[(row * hidden)..((row + 1) * hidden)]);

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
}
