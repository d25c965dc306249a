using Engine.Compute;
using ILGPU;

namespace Engine.Kernels;

/// <summary>
/// Matrix products of a linear layer, forward and backward. All matrices are row-major; a weight is stored as [in, out] = [k, n].
/// </summary>
/// <remarks>
/// Two shapes of kernels exist, one for processors and one for GPUs; the device's <see cref="TileTable"/> decides. On one device an element of a
/// result has the same bits whatever the number of rows and wherever its row stands. Reductions have a fixed order, also those over tokens.
/// </remarks>
public sealed class Gemm
{
    private readonly ComputeDevice device;
    private readonly ZeroFill zeroFill;
    private readonly IGemmKernels kernels;

    /// <summary>Makes the products for a device; kernels are compiled at their first use.</summary>
    /// <param name="device">The device; it stays the caller's.</param>
    public Gemm(ComputeDevice device)
        : this(device, GemmShape.Automatic)
    {
    }

    /// <summary>Makes the products with a shape of kernels, so that every shape can be tried on every device.</summary>
    internal Gemm(ComputeDevice device, GemmShape shape)
        : this(device, KernelsFor(device, shape))
    {
    }

    /// <summary>Makes the products with these very kernels.</summary>
    internal Gemm(ComputeDevice device, IGemmKernels kernels)
    {
        ArgumentNullException.ThrowIfNull(device);
        this.device = device;
        zeroFill = new ZeroFill(device);
        this.kernels = kernels;
    }

    /// <summary>y = x w + bias.</summary>
    /// <param name="x">Input [m, k].</param>
    /// <param name="w">Weight [k, n].</param>
    /// <param name="bias">Bias [n], or default for none.</param>
    /// <param name="y">Output [m, n]; must not overlap the inputs.</param>
    /// <param name="m">Rows (tokens); 0 does nothing.</param>
    /// <param name="n">Output features.</param>
    /// <param name="k">Input features.</param>
    /// <exception cref="ArgumentException">A view is shorter than its shape.</exception>
    public void Forward(ArrayView<float> x, ArrayView<float> w, ArrayView<float> bias, ArrayView<float> y, int m, int n, int k)
    {
        CheckSizes(m, n, k);
        if (m == 0)
            return;

        Check(x, m, k, nameof(x));
        Check(w, k, n, nameof(w));
        Check(y, m, n, nameof(y));
        var hasBias = CheckBias(bias, n);
        using var measured = Measure("forward", m, n, k, 0);
        kernels.Forward(x, w, hasBias ? bias : w, y, new GemmSizes(m, n, k), hasBias);
    }

    /// <summary>
    /// y = x transpose(w) + bias: a layer whose weight has a row for each output, as BERT's decoder has in its table of words. The weight is turned while it
    /// is packed and never copied as a whole.
    /// </summary>
    /// <param name="x">Input [m, k].</param>
    /// <param name="w">Weight [n, k].</param>
    /// <param name="bias">Bias [n], or default for none.</param>
    /// <param name="y">Output [m, n]; must not overlap the inputs.</param>
    /// <param name="m">Rows (tokens); 0 does nothing.</param>
    /// <param name="n">Output features.</param>
    /// <param name="k">Input features.</param>
    /// <exception cref="ArgumentException">A view is shorter than its shape.</exception>
    public void ForwardTransposed(ArrayView<float> x, ArrayView<float> w, ArrayView<float> bias, ArrayView<float> y, int m, int n, int k)
    {
        CheckSizes(m, n, k);
        if (m == 0)
            return;

        Check(x, m, k, nameof(x));
        Check(w, n, k, nameof(w));
        Check(y, m, n, nameof(y));
        var hasBias = CheckBias(bias, n);
        using var measured = Measure("forward, turned weight", m, n, k, 0);
        kernels.ForwardTransposed(x, w, hasBias ? bias : w, y, new GemmSizes(m, n, k), hasBias);
    }

    /// <summary>preactivation = x w + bias, y = gelu(preactivation).</summary>
    /// <param name="x">Input [m, k].</param>
    /// <param name="w">Weight [k, n].</param>
    /// <param name="bias">Bias [n], or default for none.</param>
    /// <param name="preactivation">What the backward pass needs, [m, n].</param>
    /// <param name="y">Output [m, n]; may be <paramref name="preactivation"/> where that is not needed.</param>
    /// <param name="m">Rows (tokens); 0 does nothing.</param>
    /// <param name="n">Output features.</param>
    /// <param name="k">Input features.</param>
    /// <param name="form">Which GELU.</param>
    /// <exception cref="ArgumentException">A view is shorter than its shape.</exception>
    public void ForwardGelu(
        ArrayView<float> x,
        ArrayView<float> w,
        ArrayView<float> bias,
        ArrayView<float> preactivation,
        ArrayView<float> y,
        int m,
        int n,
        int k,
        GeluForm form)
    {
        CheckSizes(m, n, k);
        if (m == 0)
            return;

        Check(x, m, k, nameof(x));
        Check(w, k, n, nameof(w));
        Check(preactivation, m, n, nameof(preactivation));
        Check(y, m, n, nameof(y));
        var hasBias = CheckBias(bias, n);
        using var measured = Measure("forward with GELU", m, n, k, (long)m * n);
        kernels.ForwardGelu(x, w, hasBias ? bias : w, preactivation, y, new GemmSizes(m, n, k), hasBias, form);
    }

    /// <summary>dx = dy transpose(w), or dx += dy transpose(w).</summary>
    /// <param name="dy">Gradient of the output [m, n].</param>
    /// <param name="w">Weight [k, n].</param>
    /// <param name="dx">Gradient of the input [m, k].</param>
    /// <param name="m">Rows (tokens); 0 does nothing.</param>
    /// <param name="n">Output features.</param>
    /// <param name="k">Input features.</param>
    /// <param name="accumulate">Whether to add to <paramref name="dx"/>.</param>
    /// <exception cref="ArgumentException">A view is shorter than its shape.</exception>
    public void DataGradient(ArrayView<float> dy, ArrayView<float> w, ArrayView<float> dx, int m, int n, int k, bool accumulate)
    {
        CheckSizes(m, n, k);
        if (m == 0)
            return;

        Check(dy, m, n, nameof(dy));
        Check(w, k, n, nameof(w));
        Check(dx, m, k, nameof(dx));
        using var measured = Measure("data gradient", m, n, k, accumulate ? (long)m * k : 0);
        kernels.RightTransposed(dy, w, dx, new GemmSizes(m, k, n), accumulate);
    }

    /// <summary>dw = transpose(x) dy, or dw += transpose(x) dy: the sum over tokens in a fixed order.</summary>
    /// <param name="x">Input [m, k].</param>
    /// <param name="dy">Gradient of the output [m, n].</param>
    /// <param name="dw">Gradient of the weight [k, n].</param>
    /// <param name="m">Rows (tokens); 0 gives zeros, or nothing where it accumulates.</param>
    /// <param name="n">Output features.</param>
    /// <param name="k">Input features.</param>
    /// <param name="accumulate">Whether to add to <paramref name="dw"/>.</param>
    /// <exception cref="ArgumentException">A view is shorter than its shape.</exception>
    public void WeightGradient(ArrayView<float> x, ArrayView<float> dy, ArrayView<float> dw, int m, int n, int k, bool accumulate)
    {
        CheckSizes(m, n, k);
        Check(dw, k, n, nameof(dw));
        if (m == 0)
        {
            if (!accumulate)
                zeroFill.Run(dw.SubView(0, (long)k * n));
            return;
        }

        Check(x, m, k, nameof(x));
        Check(dy, m, n, nameof(dy));
        using var measured = Measure("weight gradient", m, n, k, accumulate ? (long)k * n : 0);
        kernels.LeftTransposed(x, dy, dw, new GemmSizes(k, n, m), accumulate);
    }

    /// <summary>The kernels of a shape in the width that suits a device.</summary>
    internal static IGemmKernels KernelsFor(ComputeDevice device, GemmShape shape)
    {
        ArgumentNullException.ThrowIfNull(device);
        var panel = shape == GemmShape.Panel || (shape == GemmShape.Automatic && device.Tiles.PanelGemm && Fits(device.Tiles));
        return (panel, panel ? device.Tiles.RowGroupSize : device.Tiles.MaxGroupSize) switch
        {
            (true, >= 16) => new PanelGemm<PanelTile16>(device),
            (true, >= 8) => new PanelGemm<PanelTile8>(device),
            (true, _) => new PanelGemm<PanelTile4>(device),
            (false, >= 256) => new TiledGemm<TiledTile64>(device),
            (false, >= 64) => new TiledGemm<TiledTile32>(device),
            (false, _) => new TiledGemm<TiledTile16>(device),
        };
    }

    /// <summary>Whether a device's shared memory holds the panels.</summary>
    internal static bool Fits(TileTable tiles) =>
        tiles.SharedMemoryBytes >= PanelProduct.SharedBytes && tiles.MaxGroupSize >= tiles.RowGroupSize && tiles.RowGroupSize <= 16;

    /// <summary>
    /// Each of the three products of a layer of k inputs and n outputs has 2 m n k operations and reads or writes each of the three matrices once.
    /// </summary>
    private IDisposable? Measure(string product, int m, int n, int k, long more) => device.Profile?.Begin(
        $"matrix product {k} x {n}, {product}", 2.0 * m * n * k, sizeof(float) * (((double)m * k) + ((double)k * n) + ((double)m * n) + more));

    private static void CheckSizes(int m, int n, int k)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(m);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(n);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(k);
    }

    private static void Check(ArrayView<float> view, int rows, int columns, string name)
    {
        if (view.Length < (long)rows * columns)
            throw new ArgumentException($"the view has {view.Length} elements, expected at least {rows} x {columns}", name);
    }

    private static bool CheckBias(ArrayView<float> bias, int n)
    {
        if (!bias.IsValid)
            return false;
        Check(bias, 1, n, nameof(bias));
        return true;
    }
}

/// <summary>Which kernels compute a matrix product.</summary>
internal enum GemmShape
{
    /// <summary>What the device's tile table says.</summary>
    Automatic,

    /// <summary>The CPU-shaped kernels.</summary>
    Panel,

    /// <summary>The GPU-shaped kernels.</summary>
    Tiled,
}
