using BenchmarkDotNet.Attributes;
using Engine.Benchmarks.SideBySide;
using Engine.Kernels;

namespace Engine.Benchmarks.Suites;

/// <summary>GELU on the activations of BERT-base's feed-forward layer, 1,024 x 3,072.</summary>
public class GeluSuite : DeviceSuite
{
    private const int Count = 1024 * 3072;
    private Gelu gelu = null!;
    private DeviceMatrix x = null!;
    private DeviceMatrix y = null!;
    private DeviceMatrix gradient = null!;
    private DeviceMatrix activation = null!;

    [Params(GeluForm.Erf, GeluForm.Tanh)]
    public GeluForm Form { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        gelu = new Gelu(Device);
        (x, y, gradient, activation) = (Random(Count), Random(Count), Zeros(Count), Zeros(Count));
    }

    [Benchmark]
    public void Forward()
    {
        gelu.Forward(x.View, gradient.View, Count, Form);
        Device.Synchronize();
    }

    [Benchmark]
    public void Backward()
    {
        gelu.Backward(x.View, y.View, gradient.View, activation.View, Count, Form);
        Device.Synchronize();
    }
}
