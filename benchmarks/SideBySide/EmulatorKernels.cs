using Engine.Compute;
using Engine.Kernels;

namespace Engine.Benchmarks.SideBySide;

/// <summary>Matrix products, attention and layer norm of one small batch at MiniLM's width, on one device: the same numbers on every device.</summary>
internal sealed class EmulatorKernels : IDisposable
{
    private const int Hidden = 384;
    private const int Heads = 12;
    private const int Sequences = 2;
    private const int Tokens = 128;
    private static readonly DropoutState Dropout = new(0.1f, 1, 1, 1);
    private readonly ComputeDevice device;
    private readonly List<DeviceMatrix> matrices = [];
    private readonly Attention attention;
    private readonly LayerNorm layerNorm;

    /// <summary>Makes the kernels and their operands.</summary>
    /// <param name="device">The device; it stays the caller's.</param>
    public EmulatorKernels(ComputeDevice device)
    {
        this.device = device;
        var gemm = new Gemm(device);
        attention = new Attention(device, Heads, Hidden / Heads, Tokens, Sequences);
        attention.Prepare([0, Tokens / 2, Tokens]);
        layerNorm = new LayerNorm(device, Hidden, 1e-12f);
        layerNorm.Reserve(Tokens);

        var (x, w, dy) = (Random(Tokens * Hidden, 1), Random(Hidden * Hidden, 2), Random(Tokens * Hidden, 3));
        var (y, dx, dw) = (Zeros(Tokens * Hidden), Zeros(Tokens * Hidden), Zeros(Hidden * Hidden));
        var (qkv, qkvGradient) = (Random(Tokens * 3 * Hidden, 4), Zeros(Tokens * 3 * Hidden));
        var (context, logSumExp) = (Zeros(Tokens * Hidden), Zeros(Tokens * Heads));
        var (gamma, beta, gammaGradient, betaGradient) = (Random(Hidden, 5), Random(Hidden, 6), Zeros(Hidden), Zeros(Hidden));
        var (sum, normalized, mean, reciprocalDeviation) = (Zeros(Tokens * Hidden), Zeros(Tokens * Hidden), Zeros(Tokens), Zeros(Tokens));
        var (inputGradient, residualGradient) = (Zeros(Tokens * Hidden), Zeros(Tokens * Hidden));
        All =
        [
            Make("product forward", y, () => gemm.Forward(x.View, w.View, default, y.View, Tokens, Hidden, Hidden)),
            Make("product data gradient", dx, () => gemm.DataGradient(dy.View, w.View, dx.View, Tokens, Hidden, Hidden, false)),
            Make("product weight gradient", dw, () => gemm.WeightGradient(x.View, dy.View, dw.View, Tokens, Hidden, Hidden, false)),
            Make("attention forward", context, () => attention.Forward(qkv.View, context.View, logSumExp.View, Tokens, Dropout, 0)),
            Make(
                "attention backward",
                qkvGradient,
                () => attention.Backward(qkv.View, context.View, dy.View, logSumExp.View, qkvGradient.View, Tokens, Dropout, 0)),
            Make(
                "layer norm forward",
                normalized,
                () => layerNorm.Forward(
                    x.View, dy.View, gamma.View, beta.View, sum.View, normalized.View, mean.View, reciprocalDeviation.View, Tokens, Dropout, 0)),
            Make(
                "layer norm backward",
                inputGradient,
                () => layerNorm.Backward(
                    dy.View,
                    sum.View,
                    gamma.View,
                    mean.View,
                    reciprocalDeviation.View,
                    residualGradient.View,
                    inputGradient.View,
                    gammaGradient.View,
                    betaGradient.View,
                    Tokens,
                    Dropout,
                    0,
                    false)),
        ];
    }

    /// <summary>Gets the size of all of them.</summary>
    public static string Size => $"{Tokens} tokens in {Sequences} sequences, hidden size {Hidden}, {Heads} heads, products of {Tokens} x {Hidden} x {Hidden}";

    /// <summary>Gets each kernel by name, with its result; a backward pass wants its forward pass before it, which is the order of the list.</summary>
    public IReadOnlyList<(string Name, DeviceMatrix Result, Action Run)> All { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        attention.Dispose();
        layerNorm.Dispose();
        foreach (var matrix in matrices)
            matrix.Dispose();
    }

    private (string Name, DeviceMatrix Result, Action Run) Make(string name, DeviceMatrix result, Action launch) => (name, result, () =>
    {
        launch();
        device.Synchronize();
    }
    );

    private DeviceMatrix Random(int length, int seed) => Keep(new DeviceMatrix(device, length, seed));

    private DeviceMatrix Zeros(int length) => Keep(new DeviceMatrix(device, length));

    private DeviceMatrix Keep(DeviceMatrix matrix)
    {
        matrices.Add(matrix);
        return matrix;
    }
}
