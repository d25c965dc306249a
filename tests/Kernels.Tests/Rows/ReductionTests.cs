using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>Column sums, pooling over sequences and the gradient norm.</summary>
[Collection(TestDevices.Collection)]
public sealed class ReductionTests(TestDevices devices)
{
    private static readonly int[] Offsets = [0, 1, 4, 20, 21, 50];

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void ColumnSumsFollowTheDoubleReference(string name)
    {
        var device = devices.Get(name);
        using var columnSum = new ColumnSum(device);
        foreach (int columns in RowCases.Columns(name))
        {
            foreach (int rows in new[] { 1, 63, 64, 65, 200 })
            {
                foreach (bool accumulate in new[] { false, true })
                {
                    var x = Matrices.Uniform(rows * columns, 1);
                    var before = Matrices.Uniform(columns, 2);
                    using var buffers = new DeviceBuffers(device);
                    var sum = accumulate ? buffers.Of(before) : buffers.Out(columns);
                    columnSum.Run(buffers.Of(x), sum, rows, columns, accumulate);
                    var expected = new double[columns];
                    for (int c = 0; c < columns; c++)
                    {
                        expected[c] = accumulate ? before[c] : 0;
                        for (int row = 0; row < rows; row++)
                            expected[c] += x[row * columns + c];
                    }

                    // At most 64 additions in a chunk and one a chunk, each rounding a sum below the number of rows.
                    Near.Equal(expected, buffers.Read(sum), 0, (64 + rows / 64 + 2) * Near.Unit * rows, $"{rows}x{columns} {accumulate}");
                }
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void NoRowsSumToZero(string name)
    {
        var device = devices.Get(name);
        using var columnSum = new ColumnSum(device);
        using var buffers = new DeviceBuffers(device);
        var sum = buffers.Out(5);
        columnSum.Run(buffers.Of(1f), sum, 0, 5, accumulate: false);
        Assert.Equal(new float[5], buffers.Read(sum));
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void FirstRowsAreTakenAndTheirGradientsPutBack(string name)
    {
        var device = devices.Get(name);
        var gather = new RowGather(device);
        int sequences = Offsets.Length - 1;
        foreach (int width in new[] { 1, 17, 129 })
        {
            var x = Matrices.Uniform(Offsets[^1] * width, 1);
            var dy = Matrices.Uniform(sequences * width, 2);
            using var buffers = new DeviceBuffers(device);
            var y = buffers.Out(sequences * width);
            var dx = buffers.Out(Offsets[^1] * width);
            gather.Forward(buffers.Of(x), buffers.Of(Offsets), y, sequences, width);
            gather.Backward(buffers.Of(dy), buffers.Of(Offsets), dx, sequences, width);
            var expected = new float[sequences * width];
            var gradient = new float[Offsets[^1] * width];
            for (int s = 0; s < sequences; s++)
            {
                Array.Copy(x, Offsets[s] * width, expected, s * width, width);
                Array.Copy(dy, s * width, gradient, Offsets[s] * width, width);
            }

            Assert.Equal(expected, buffers.Read(y));
            Assert.Equal(gradient, buffers.Read(dx));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void AnyRowsAreTakenInAnyOrder(string name)
    {
        const int Width = 19;
        int[] rows = [8, 0, 3, 3, 9];
        var device = devices.Get(name);
        var x = Matrices.Uniform(10 * Width, 1);
        using var buffers = new DeviceBuffers(device);
        var y = buffers.Out(rows.Length * Width);
        new RowGather(device).Take(buffers.Of(x), buffers.Of(rows), y, rows.Length, Width);
        Assert.Equal(rows.SelectMany(row => x[(row * Width)..((row + 1) * Width)]), buffers.Read(y));
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void MeanPoolingFollowsTheDoubleReference(string name)
    {
        var device = devices.Get(name);
        var pool = new MeanPool(device);
        int sequences = Offsets.Length - 1;
        foreach (int width in new[] { 1, 17, 129 })
        {
            var x = Matrices.Uniform(Offsets[^1] * width, 1);
            var dy = Matrices.Uniform(sequences * width, 2);
            using var buffers = new DeviceBuffers(device);
            var y = buffers.Out(sequences * width);
            var dx = buffers.Out(Offsets[^1] * width);
            pool.Forward(buffers.Of(x), buffers.Of(Offsets), y, sequences, width);
            pool.Backward(buffers.Of(dy), buffers.Of(Offsets), dx, sequences, width);
            var expected = new double[sequences * width];
            var gradient = new double[Offsets[^1] * width];
            for (int s = 0; s < sequences; s++)
            {
                int length = Offsets[s + 1] - Offsets[s];
                for (int row = Offsets[s]; row < Offsets[s + 1]; row++)
                {
                    for (int c = 0; c < width; c++)
                    {
                        expected[s * width + c] += (double)x[row * width + c] / length;
                        gradient[row * width + c] = (double)dy[s * width + c] / length;
                    }
                }
            }

            // The mean of values up to 1 through a sum of up to 29 additions.
            Near.Equal(expected, buffers.Read(y), 0, 31 * Near.Unit, $"width {width}");
            Near.Equal(gradient, buffers.Read(dx), 2 * Near.Unit, 0, $"width {width} backward");
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void TheNormAndItsClipFactorFollowTheDoubleReference(string name)
    {
        var device = devices.Get(name);
        using var gradientNorm = new GradientNorm(device);
        foreach (int count in new[] { 1, 17, 8191, 8192, 8193, name == "ilgpu-cpu" ? 20_000 : 700_001 })
        {
            var gradients = Matrices.Uniform(count, 1, 0.5f);
            double norm = Math.Sqrt(gradients.Sum(g => (double)g * g));
            foreach (float maxNorm in new[] { (float)(norm * 0.3), (float)(norm * 2), 0f })
            {
                using var buffers = new DeviceBuffers(device);
                var result = buffers.Out(2);
                gradientNorm.Run(buffers.Of(gradients), result, count, maxNorm);
                double factor = maxNorm > 0 ? Math.Min(1, maxNorm / (norm + 1e-6)) : 1;

                // A thread adds at most 8192 / 4 squares to one sum; the root halves the relative error.
                double error = 1100 * Near.Unit;
                Near.Equal([norm, factor], buffers.Read(result), error, 0, $"{count} gradients, at most {maxNorm}");
            }
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void ANormThatIsNotFiniteIsSeen(string name)
    {
        var device = devices.Get(name);
        using var gradientNorm = new GradientNorm(device);
        using var buffers = new DeviceBuffers(device);
        var gradients = Matrices.Uniform(9000, 1);
        gradients[8500] = float.NaN;
        var result = buffers.Out(2);
        gradientNorm.Run(buffers.Of(gradients), result, gradients.Length, 1f);
        Assert.False(float.IsFinite(buffers.Read(result)[0]));
    }
}
