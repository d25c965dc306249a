using BenchmarkDotNet.Attributes;
using Engine.Benchmarks.SideBySide;
using Engine.Kernels;

namespace Engine.Benchmarks.Suites;

/// <summary>The products of a feed-forward layer's first half: hidden to 4 x hidden.</summary>
public class GemmSuite : DeviceSuite
{
    private Gemm gemm = null!;
    private DeviceMatrix x = null!;
    private DeviceMatrix w = null!;
    private DeviceMatrix y = null!;
    private DeviceMatrix activation = null!;
    private DeviceMatrix bias = null!;

    [Params(384, 768)]
    public int Hidden { get; set; }

    [Params(33, 528, 1024)]
    public int Tokens { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        gemm = new Gemm(Device);
        x = Random(Tokens * Hidden);
        w = Random(Hidden * 4 * Hidden);
        y = Random(Tokens * 4 * Hidden);
        activation = Zeros(Tokens * 4 * Hidden);
        bias = Zeros(4 * Hidden);
    }

    [Benchmark]
    public void Forward()
    {
        gemm.Forward(x.View, w.View, bias.View, activation.View, Tokens, 4 * Hidden, Hidden);
        Device.Synchronize();
    }

    [Benchmark]
    public void ForwardGelu()
    {
        gemm.ForwardGelu(x.View, w.View, bias.View, y.View, activation.View, Tokens, 4 * Hidden, Hidden, GeluForm.Erf);
        Device.Synchronize();
    }

    [Benchmark]
    public void DataGradient()
    {
        gemm.DataGradient(activation.View, w.View, x.View, Tokens, 4 * Hidden, Hidden, false);
        Device.Synchronize();
    }

    [Benchmark]
    public void WeightGradient()
    {
        gemm.WeightGradient(x.View, activation.View, w.View, Tokens, 4 * Hidden, Hidden, false);
        Device.Synchronize();
    }
}
