using BenchmarkDotNet.Attributes;
using Engine.Benchmarks.SideBySide;
using Engine.Kernels;

namespace Engine.Benchmarks.Suites;

/// <summary>Dropout, residual and layer-norm in one, on 1,024 tokens.</summary>
public class LayerNormSuite : DeviceSuite
{
    private const int Tokens = 1024;
    private static readonly DropoutState Dropout = new(0.1f, 1, 1, 1);
    private LayerNorm layerNorm = null!;
    private DeviceMatrix input = null!;
    private DeviceMatrix residual = null!;
    private DeviceMatrix sum = null!;
    private DeviceMatrix output = null!;
    private DeviceMatrix inputGradient = null!;
    private DeviceMatrix residualGradient = null!;
    private DeviceMatrix gamma = null!;
    private DeviceMatrix beta = null!;
    private DeviceMatrix gammaGradient = null!;
    private DeviceMatrix betaGradient = null!;
    private DeviceMatrix mean = null!;
    private DeviceMatrix reciprocalDeviation = null!;

    [Params(384, 768)]
    public int Hidden { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        layerNorm = new LayerNorm(Device, Hidden, 1e-12f);
        layerNorm.Reserve(Tokens);
        (input, residual, output) = (Random(Tokens * Hidden), Random(Tokens * Hidden), Random(Tokens * Hidden));
        (sum, inputGradient, residualGradient) = (Zeros(Tokens * Hidden), Zeros(Tokens * Hidden), Zeros(Tokens * Hidden));
        (gamma, beta) = (Random(Hidden), Random(Hidden));
        (gammaGradient, betaGradient) = (Zeros(Hidden), Zeros(Hidden));
        (mean, reciprocalDeviation) = (Zeros(Tokens), Zeros(Tokens));
        Forward();
    }

    /// <inheritdoc/>
    public override void Close()
    {
        layerNorm.Dispose();
        base.Close();
    }

    [Benchmark]
    public void Forward()
    {
        layerNorm.Forward(
            input.View, residual.View, gamma.View, beta.View, sum.View, output.View, mean.View, reciprocalDeviation.View, Tokens, Dropout, 0);
        Device.Synchronize();
    }

    [Benchmark]
    public void Backward()
    {
        layerNorm.Backward(
            output.View,
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
            false);
        Device.Synchronize();
    }
}
