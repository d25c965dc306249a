using BenchmarkDotNet.Attributes;
using Engine.Benchmarks.SideBySide;
using Engine.Kernels;

namespace Engine.Benchmarks.Suites;

/// <summary>The optimizer's one launch over the parameters of MiniLM-L6, 22.7 million.</summary>
public class AdamSuite : DeviceSuite
{
    private const int Count = 22_713_600 / Adam.DecayBlock * Adam.DecayBlock;
    private Adam adam = null!;
    private DeviceMatrix parameters = null!;
    private DeviceMatrix gradients = null!;
    private DeviceMatrix firstMoment = null!;
    private DeviceMatrix secondMoment = null!;
    private DeviceMatrix decay = null!;

    [Params(AdamForm.HuggingFaceAdamW, AdamForm.BertAdam, AdamForm.KerasAdam)]
    public AdamForm Form { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        adam = new Adam(Device);
        (parameters, gradients) = (Random(Count), Random(Count));
        (firstMoment, secondMoment, decay) = (Zeros(Count), Zeros(Count), Zeros(Count / Adam.DecayBlock));
    }

    /// <inheritdoc/>
    public override void Close()
    {
        adam.Dispose();
        base.Close();
    }

    [Benchmark]
    public void Step()
    {
        adam.Run(parameters.View, gradients.View, firstMoment.View, secondMoment.View, decay.View, default, Count, new AdamStep(Form, 1e-5, 1, 0.01));
        Device.Synchronize();
    }
}
