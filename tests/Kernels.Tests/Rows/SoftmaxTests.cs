using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>Softmax and the two cross-entropies against double precision and finite differences.</summary>
[Collection(TestDevices.Collection)]
public sealed class SoftmaxTests(TestDevices devices)
{
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void SoftmaxFollowsTheDoubleReference(string name)
    {
        var device = devices.Get(name);
        var softmax = new Softmax(device);
        foreach (int columns in RowCases.Columns(name))
        {
            foreach (int rows in RowCases.Rows(name))
            {
                var x = Matrices.Uniform(rows * columns, 1, 10f);
                var dy = Matrices.Uniform(rows * columns, 2);
                using var buffers = new DeviceBuffers(device);
                var y = buffers.Out(rows * columns);
                var dx = buffers.Out(rows * columns);
                softmax.Forward(buffers.Of(x), y, rows, columns);
                softmax.Backward(y, buffers.Of(dy), dx, rows, columns);
                var expected = Probabilities(Near.Doubles(x), rows, columns);
                var slope = new double[expected.Length];
                for (int row = 0; row < rows; row++)
                {
                    double dot = 0;
                    for (int c = 0; c < columns; c++)
                        dot += expected[row * columns + c] * dy[row * columns + c];
                    for (int c = 0; c < columns; c++)
                        slope[row * columns + c] = expected[row * columns + c] * (dy[row * columns + c] - dot);
                }

                // x - max rounds to within 20 units absolute, which e^x makes relative; the sum and exp add theirs.
                double relative = 30 * Near.Unit + RowCases.SumError(columns);
                Near.Equal(expected, buffers.Read(y), relative, 0, $"{rows}x{columns}");
                Near.Equal(slope, buffers.Read(dx), 0, 4 * relative, $"{rows}x{columns} backward");
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void SoftmaxBackwardFollowsFiniteDifferences(string name)
    {
        var device = devices.Get(name);
        const int Columns = 21;
        var x = Near.Doubles(Matrices.Uniform(Columns, 1, 3f));
        var dy = Matrices.Uniform(Columns, 2);
        using var buffers = new DeviceBuffers(device);
        var softmax = new Softmax(device);
        var y = buffers.Out(Columns);
        var dx = buffers.Out(Columns);
        softmax.Forward(buffers.Of(Array.ConvertAll(x, v => (float)v)), y, 1, Columns);
        softmax.Backward(y, buffers.Of(dy), dx, 1, Columns);
        double Loss() => Probabilities(x, 1, Columns).Select((p, i) => p * dy[i]).Sum();
        Near.Equal([.. Enumerable.Range(0, Columns).Select(i => Near.Slope(x, i, Loss))], buffers.Read(dx), 0, 3e-6, "dx");
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void SoftmaxCrossEntropyFollowsTheDoubleReference(string name)
    {
        var device = devices.Get(name);
        var loss = new SoftmaxCrossEntropy(device);
        foreach (int classes in new[] { 2, 3, 17, 300 })
        {
            const int Rows = 11;
            const float Scale = 0.25f;
            var x = Matrices.Uniform(Rows * classes, 1, 20f);
            var labels = Enumerable.Range(0, Rows).Select(row => row == 4 ? -100 : row * 7 % classes).ToArray();
            using var buffers = new DeviceBuffers(device);
            var losses = buffers.Out(Rows);
            var probabilities = buffers.Out(Rows * classes);
            var dlogits = buffers.Out(Rows * classes);
            loss.Forward(buffers.Of(x), buffers.Of(labels), losses, probabilities, Rows, classes);
            loss.Backward(probabilities, buffers.Of(labels), dlogits, Rows, classes, Scale);

            var logits = Near.Doubles(x);
            var expected = Probabilities(logits, Rows, classes);
            double Loss(int row) => labels[row] < 0 ? 0 : -Math.Log(Probabilities(logits[(row * classes)..((row + 1) * classes)], 1, classes)[labels[row]]);
            double relative = 50 * Near.Unit + RowCases.SumError(classes);
            Near.Equal(expected, buffers.Read(probabilities), relative, 0, $"{classes} classes, probabilities");
            Near.Equal([.. Enumerable.Range(0, Rows).Select(Loss)], buffers.Read(losses), 4 * Near.Unit, relative, $"{classes} classes, losses");

            // The slope of the scaled losses' sum, by finite differences where it is quick.
            var actual = buffers.Read(dlogits);
            var slopes = new double[Rows * classes];
            for (int i = 0; i < slopes.Length; i++)
            {
                int row = i / classes;
                slopes[i] = classes > 20
                    ? labels[row] < 0 ? 0 : Scale * (expected[i] - (i % classes == labels[row] ? 1 : 0))
                    : Near.Slope(logits, i, () => Scale * Loss(row));
            }

            Near.Equal(slopes, actual, 0, Scale * relative + 1e-8, $"{classes} classes, dlogits");
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void SigmoidCrossEntropyFollowsTheDoubleReference(string name)
    {
        var device = devices.Get(name);
        var loss = new SigmoidCrossEntropy(device);
        const int Rows = 67;
        const int Outputs = 3;
        const int Count = Rows * Outputs;
        var logits = Matrices.Uniform(Count, 1, 30f);
        logits[0] = 200f;
        logits[1] = -200f;
        var labels = Enumerable.Range(0, Count).Select(i => i % 3 == 0 ? 1f : 0f).ToArray();
        using var buffers = new DeviceBuffers(device);
        var losses = buffers.Out(Count);
        var probabilities = buffers.Out(Count);
        var dlogits = buffers.Out(Count);
        loss.Forward(buffers.Of(logits), buffers.Of(labels), losses, probabilities, Rows, Outputs);
        loss.Backward(buffers.Of(logits), buffers.Of(labels), dlogits, Rows, Outputs, 0.5f);

        // Small losses keep their relative accuracy: log(1 + e^-|z|) errs by 4 units, the sum by one rounding.
        Near.Equal(
            [.. logits.Select((z, i) => Math.Max(z, 0.0) - z * labels[i] + ReferenceMath.Log1P(Math.Exp(-Math.Abs(z))))],
            buffers.Read(losses), 10 * Near.Unit, 1e-38, "losses");
        Near.Equal([.. logits.Select(z => ReferenceMath.Sigmoid(z))], buffers.Read(probabilities), 8 * Near.Unit, 1e-38, "probabilities");
        Near.Equal(
            [.. logits.Select((z, i) => labels[i] == 0 ? 0.5 * ReferenceMath.Sigmoid(z) : -0.5 * ReferenceMath.Sigmoid(-z))],
            buffers.Read(dlogits), 8 * Near.Unit, 1e-38, "dlogits");
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void ACertainAnswersGradientKeepsItsDigits(string name)
    {
        var device = devices.Get(name);
        var loss = new SoftmaxCrossEntropy(device);
        using var buffers = new DeviceBuffers(device);
        var probabilities = buffers.Out(3);
        var dlogits = buffers.Out(3);
        loss.Forward(buffers.Of(20f, 1f, 2f), buffers.Of(0), buffers.Out(1), probabilities, 1, 3);
        loss.Backward(probabilities, buffers.Of(0), dlogits, 1, 3, 1f);
        double sum = 1 + Math.Exp(-19) + Math.Exp(-18);
        Near.Equal(
            [-(Math.Exp(-19) + Math.Exp(-18)) / sum, Math.Exp(-19) / sum, Math.Exp(-18) / sum],
            buffers.Read(dlogits), 20 * Near.Unit, 0, "dlogits");
    }

    private static double[] Probabilities(double[] x, int rows, int columns)
    {
        var y = new double[x.Length];
        for (int row = 0; row < rows; row++)
        {
            var values = x.AsSpan(row * columns, columns).ToArray();
            double max = values.Max();
            double sum = values.Sum(v => Math.Exp(v - max));
            for (int c = 0; c < columns; c++)
                y[row * columns + c] = Math.Exp(values[c] - max) / sum;
        }

        return y;
    }
}
