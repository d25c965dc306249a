using Engine.Compute;

namespace Engine.Kernels;

/// <summary><see cref="Softmax"/>, forward and backward, and <see cref="TopSoftmax"/>.</summary>
internal sealed class SoftmaxChecks(ComputeDevice device, Comparison comparison) : OperationChecks(device, comparison)
{
    private readonly Softmax softmax = new(device);
    private readonly TopSoftmax top = new(device);

    /// <summary>The self-test's cases.</summary>
    /// <param name="small">Whether the device needs small sizes.</param>
    public static IEnumerable<SelfTestCase> Cases(bool small)
    {
        RowShape[] shapes = small ? [new(1, 1), new(9, 33)] : [new(1, 5), new(9, 127), new(37, 385)];
        RowShape[] longRows = small ? [new(1, 1), new(3, 70)] : [new(1, 5), new(9, 385), new(3, 30522)];
        return
        [
            SelfTestCase.Of("softmax forward", ["Softmax.ForwardKernel"], shapes, Make, (checks, shape) => checks.Forward(shape)),
            SelfTestCase.Of("softmax backward", ["Softmax.BackwardKernel"], shapes, Make, (checks, shape) => checks.Backward(shape)),
            SelfTestCase.Of("largest of softmax", ["TopSoftmax.Kernel"], longRows, Make, (checks, shape) => checks.Top(shape)),
        ];

        static SoftmaxChecks Make(ComputeDevice device, Comparison comparison) => new(device, comparison);
    }

    /// <summary>Softmax in double precision, row by row.</summary>
    public static double[] Probabilities(double[] x, RowShape shape)
    {
        var y = new double[x.Length];
        for (var row = 0; row < shape.Rows; row++)
        {
            var values = x.AsSpan(row * shape.Columns, shape.Columns).ToArray();
            var max = values.Max();
            var sum = values.Sum(v => Math.Exp(v - max));
            for (var c = 0; c < shape.Columns; c++)
                y[row * shape.Columns + c] = Math.Exp(values[c] - max) / sum;
        }

        return y;
    }

    /// <summary>
    /// The relative error of a probability whose exponents are at most <paramref name="range"/> apart: x - max rounds to within 2^-24 of it, which
    /// e^x makes relative; the exponential adds 4 units in the last place (8 of 2^-24), the quotient 2; the sum has its own.
    /// </summary>
    public static double ProbabilityError(int columns, double range) => (range + 10) * Rounding.Unit + Rounding.SumError(columns);

    /// <summary>y = softmax(x).</summary>
    public void Forward(RowShape shape)
    {
        var x = CheckInputs.Uniform(shape.Count, 1, 10f);
        using var buffers = new DeviceBuffers(Device);
        var y = buffers.Out(shape.Count);
        softmax.Forward(buffers.Of(x), y, shape.Rows, shape.Columns);
        Comparison.Near(Probabilities(CheckInputs.Doubles(x), shape), buffers.Read(y), ProbabilityError(shape.Columns, 20), 0, "y");
    }

    /// <summary>dx = y (dy - the row's sum of dy y).</summary>
    public void Backward(RowShape shape)
    {
        var (x, dy) = (CheckInputs.Uniform(shape.Count, 1, 10f), CheckInputs.Uniform(shape.Count, 2));
        var y = Array.ConvertAll(Probabilities(CheckInputs.Doubles(x), shape), p => (float)p);
        using var buffers = new DeviceBuffers(Device);
        var dx = buffers.Out(shape.Count);
        softmax.Backward(buffers.Of(y), buffers.Of(dy), dx, shape.Rows, shape.Columns);
        var expected = new double[shape.Count];
        var bounds = new double[shape.Count];
        for (var row = 0; row < shape.Rows; row++)
        {
            double dot = 0;
            double magnitude = 0;
            for (var i = row * shape.Columns; i < (row + 1) * shape.Columns; i++)
            {
                dot += (double)y[i] * dy[i];
                magnitude += Math.Abs((double)y[i] * dy[i]);
            }

            for (var i = row * shape.Columns; i < (row + 1) * shape.Columns; i++)
            {
                expected[i] = y[i] * (dy[i] - dot);

                // The sum of products errs as a sum does, and by one rounding for each product; the difference and the product round once more.
                bounds[i] = y[i] * ((Rounding.SumError(shape.Columns) + Rounding.Unit) * magnitude + 2 * Rounding.Unit * (Math.Abs(dy[i]) + Math.Abs(dot)));
            }
        }

        Comparison.Within(expected, buffers.Read(dx), bounds, "dx");
    }

    /// <summary>The seven most probable columns of each row.</summary>
    public void Top(RowShape shape) => Top(CheckInputs.Uniform(shape.Count, shape.Columns, 10f), shape, Math.Min(shape.Columns, 7));

    /// <summary>The most probable columns of each row of <paramref name="x"/>.</summary>
    public void Top(float[] x, RowShape shape, int count)
    {
        using var buffers = new DeviceBuffers(Device);
        var (indices, probabilities) = (buffers.Of(new int[shape.Rows * count]), buffers.Out(shape.Rows * count));
        top.Run(buffers.Of(x), indices, probabilities, shape.Rows, shape.Columns, count);
        var expected = Probabilities(CheckInputs.Doubles(x), shape);
        var order = Enumerable.Range(0, shape.Rows)
            .SelectMany(row => Enumerable.Range(0, shape.Columns).OrderByDescending(c => x[row * shape.Columns + c]).Take(count).Select(c => (Row: row, Column: c)))
            .ToArray();
        Comparison.Same([.. order.Select(place => place.Column)], buffers.Read(indices), "column");

        // x - max rounds to within 20 units absolute, which e^x makes relative; exp adds 4 units, the quotient 2. A thread sums 64 terms, then
        // the sums of its share, at least 4 threads have one each, and a few levels of tree follow.
        double relative = (20 + 4 + 2 + 64 + shape.Columns / 4 / 64 + 12) * Rounding.Unit;
        Comparison.Near([.. order.Select(place => expected[place.Row * shape.Columns + place.Column])], buffers.Read(probabilities), relative, 0, "probability");
    }
}
