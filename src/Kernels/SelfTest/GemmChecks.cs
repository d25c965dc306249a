using Engine.Compute;

namespace Engine.Kernels;

/// <summary>Sizes of a linear layer: y [m, n] = x [m, k] w [k, n].</summary>
/// <param name="M">Rows (tokens).</param>
/// <param name="N">Output features.</param>
/// <param name="K">Input features.</param>
internal readonly record struct LayerSize(int M, int N, int K)
{
    /// <inheritdoc/>
    public override string ToString() => $"{M}x{N}x{K}";
}

/// <summary>The matrix products of <see cref="Gemm"/>.</summary>
internal sealed class GemmChecks(ComputeDevice device, Comparison comparison, Gemm gemm) : OperationChecks(device, comparison)
{
    /// <summary>y = x w + bias, and without a bias.</summary>
    public void Forward(LayerSize size)
    {
        var (m, n, k) = size;
        using var buffers = new DeviceBuffers(Device);
        var (x, w, bias) = (CheckInputs.Uniform(m * k, 1), CheckInputs.Uniform(k * n, 2), CheckInputs.Uniform(n, 3));
        var (xs, ws) = (buffers.Of(x), buffers.Of(w));
        foreach (var hasBias in new[] { true, false })
        {
            var y = buffers.Out(m * n);
            gemm.Forward(xs, ws, hasBias ? buffers.Of(bias) : default, y, m, n, k);
            Compare(buffers.Read(y), new GemmSizes(m, n, k), CheckInputs.Doubles(x), CheckInputs.Doubles(w), Rows(hasBias ? bias : new float[n], m), hasBias ? "y" : "y without bias");
        }
    }

    /// <summary>y = x transpose(w) + bias, and without a bias.</summary>
    public void ForwardTransposed(LayerSize size)
    {
        var (m, n, k) = size;
        using var buffers = new DeviceBuffers(Device);
        var (x, w, bias) = (CheckInputs.Uniform(m * k, 1), CheckInputs.Uniform(n * k, 2), CheckInputs.Uniform(n, 3));
        var (xs, ws) = (buffers.Of(x), buffers.Of(w));
        foreach (var hasBias in new[] { true, false })
        {
            var y = buffers.Out(m * n);
            gemm.ForwardTransposed(xs, ws, hasBias ? buffers.Of(bias) : default, y, m, n, k);
            Compare(buffers.Read(y), new GemmSizes(m, n, k), CheckInputs.Doubles(x), Transposed(w, n, k), Rows(hasBias ? bias : new float[n], m), hasBias ? "y" : "y without bias");
        }
    }

    /// <summary>preactivation = x w + bias, y = gelu(preactivation).</summary>
    public void ForwardGelu(LayerSize size, GeluForm form)
    {
        var (m, n, k) = size;
        using var buffers = new DeviceBuffers(Device);
        var (x, w, bias) = (CheckInputs.Uniform(m * k, 1), CheckInputs.Uniform(k * n, 2), CheckInputs.Uniform(n, 3));
        var (preactivation, y) = (buffers.Out(m * n), buffers.Out(m * n));
        gemm.ForwardGelu(buffers.Of(x), buffers.Of(w), buffers.Of(bias), preactivation, y, m, n, k, form);
        var inputs = buffers.Read(preactivation);
        Compare(inputs, new GemmSizes(m, n, k), CheckInputs.Doubles(x), CheckInputs.Doubles(w), Rows(bias, m), "preactivation");

        // The preactivation is right by now; the GELU is compared with that of this very float.
        Comparison.Within(
            [.. inputs.Select(v => form == GeluForm.Erf ? ReferenceMath.GeluErf(v) : ReferenceMath.GeluTanh(v))],
            buffers.Read(y),
            [.. inputs.Select(ElementChecks.GeluBound)],
            "y");
    }

    /// <summary>dx += dy transpose(w), and dx = dy transpose(w).</summary>
    public void DataGradient(LayerSize size)
    {
        var (m, n, k) = size;
        using var buffers = new DeviceBuffers(Device);
        var (dy, w, before) = (CheckInputs.Uniform(m * n, 1), CheckInputs.Uniform(k * n, 2), CheckInputs.Uniform(m * k, 3));
        var (gradient, weight) = (buffers.Of(dy), buffers.Of(w));
        foreach (var accumulate in new[] { true, false })
        {
            var dx = accumulate ? buffers.Of(before) : buffers.Out(m * k);
            gemm.DataGradient(gradient, weight, dx, m, n, k, accumulate);
            Compare(
                buffers.Read(dx), new GemmSizes(m, k, n), CheckInputs.Doubles(dy), Transposed(w, k, n), accumulate ? CheckInputs.Doubles(before) : new double[m * k],
                accumulate ? "dx added to" : "dx");
        }
    }

    /// <summary>dw += transpose(x) dy, and dw = transpose(x) dy.</summary>
    public void WeightGradient(LayerSize size)
    {
        var (m, n, k) = size;
        using var buffers = new DeviceBuffers(Device);
        var (x, dy, before) = (CheckInputs.Uniform(m * k, 1), CheckInputs.Uniform(m * n, 2), CheckInputs.Uniform(k * n, 3));
        var (input, gradient) = (buffers.Of(x), buffers.Of(dy));
        foreach (var accumulate in new[] { true, false })
        {
            var dw = accumulate ? buffers.Of(before) : buffers.Out(k * n);
            gemm.WeightGradient(input, gradient, dw, m, n, k, accumulate);
            Compare(
                buffers.Read(dw), new GemmSizes(k, n, m), Transposed(x, m, k), CheckInputs.Doubles(dy), accumulate ? CheckInputs.Doubles(before) : new double[k * n],
                accumulate ? "dw added to" : "dw");
        }
    }

    /// <summary>
    /// Compares with the sum in double. A chain of k multiply-adds in any order errs by at most (k + 2) half units in the last place of the sum of
    /// the terms' magnitudes (Higham, Accuracy and Stability of Numerical Algorithms, 3.1).
    /// </summary>
    private void Compare(float[] actual, GemmSizes sizes, double[] left, double[] right, double[] before, string what)
    {
        var (rows, columns, depth) = (sizes.Rows, sizes.Columns, sizes.Depth);
        var magnitudes = Array.ConvertAll(before, Math.Abs);
        for (var i = 0; i < rows; i++)
        {
            for (var r = 0; r < depth; r++)
            {
                var factor = left[i * depth + r];
                for (var j = 0; j < columns; j++)
                {
                    var product = factor * right[r * columns + j];
                    before[i * columns + j] += product;
                    magnitudes[i * columns + j] += Math.Abs(product);
                }
            }
        }

        Comparison.Within(before, actual, Array.ConvertAll(magnitudes, magnitude => (depth + 2) * Rounding.Unit * magnitude), what);
    }

    private static double[] Rows(float[] row, int rows)
    {
        var all = new double[rows * row.Length];
        for (var i = 0; i < all.Length; i++)
            all[i] = row[i % row.Length];
        return all;
    }

    private static double[] Transposed(float[] values, int rows, int columns)
    {
        var transposed = new double[values.Length];
        for (var i = 0; i < rows; i++)
        {
            for (var j = 0; j < columns; j++)
                transposed[j * rows + i] = values[i * columns + j];
        }

        return transposed;
    }
}
