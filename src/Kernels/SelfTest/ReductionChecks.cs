using Engine.Compute;

namespace Engine.Kernels;

/// <summary>Sums of columns and the norm of the gradients.</summary>
internal sealed class ReductionChecks(ComputeDevice device, Comparison comparison) : OperationChecks(device, comparison)
{
    private readonly ColumnSum columnSum = new(device);
    private readonly GradientNorm gradientNorm = new(device);

    /// <summary>The self-test's cases.</summary>
    /// <param name="small">Whether the device needs small sizes.</param>
    public static IEnumerable<SelfTestCase> Cases(bool small)
    {
        RowShape[] shapes = small ? [new(1, 1), new(65, 33)] : [new(1, 5), new(65, 127), new(200, 1025)];
        int[] counts = small ? [1, 8193] : [1, 8193, 70_001];
        return
        [
            SelfTestCase.Of("column sums", ["ColumnSum.ChunkKernel", "ChunkSum.Kernel"], shapes, Make, (checks, shape) => checks.Columns(shape)),
            SelfTestCase.Of("norm of the gradients", ["GradientNorm.SquaresKernel", "GradientNorm.CombineKernel"], counts, Make, (checks, count) => checks.Norm(count)),
        ];

        static ReductionChecks Make(ComputeDevice device, Comparison comparison) => new(device, comparison);
    }

    /// <summary>The sums of columns, alone and added to what is there.</summary>
    public void Columns(RowShape shape)
    {
        var (x, before) = (CheckInputs.Uniform(shape.Count, 1), CheckInputs.Uniform(shape.Columns, 2));
        using var buffers = new DeviceBuffers(Device);
        foreach (var accumulate in new[] { false, true })
        {
            var sum = accumulate ? buffers.Of(before) : buffers.Out(shape.Columns);
            columnSum.Run(buffers.Of(x), sum, shape.Rows, shape.Columns, accumulate);
            var expected = accumulate ? CheckInputs.Doubles(before) : new double[shape.Columns];
            for (var i = 0; i < shape.Count; i++)
                expected[i % shape.Columns] += x[i];

            // At most 64 additions in a chunk and one a chunk, each rounding a sum below the number of rows.
            var allowed = (64 + shape.Rows / 64 + 2) * Rounding.Unit * shape.Rows;
            Comparison.Near(expected, buffers.Read(sum), 0, allowed, accumulate ? "sum added to" : "sum");
        }
    }

    /// <summary>The norm and its clip factor: below the limit, above it, and without one.</summary>
    public void Norm(int count)
    {
        var gradients = CheckInputs.Uniform(count, 1, 0.5f);
        var norm = Math.Sqrt(gradients.Sum(g => (double)g * g));
        using var buffers = new DeviceBuffers(Device);
        foreach (var maxNorm in new[] { (float)(norm * 0.3), (float)(norm * 2), 0f })
        {
            var result = buffers.Out(2);
            gradientNorm.Run(buffers.Of(gradients), result, count, maxNorm);
            var factor = maxNorm > 0 ? Math.Min(1, maxNorm / (norm + 1e-6)) : 1;

            // A thread adds at most 8192 / 4 squares to one sum; the root halves the relative error.
            Comparison.Near([norm, factor], buffers.Read(result), 1100 * Rounding.Unit, 0, "norm and factor");
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        columnSum.Dispose();
        gradientNorm.Dispose();
    }
}
