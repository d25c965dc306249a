using BenchmarkDotNet.Attributes;
using Engine.Benchmarks.SideBySide;
using Engine.Kernels;

namespace Engine.Benchmarks.Suites;

/// <summary>Attention of 12 heads on 1,024 tokens in sequences of one length, with dropout as in training.</summary>
public class AttentionSuite : DeviceSuite
{
    private const int Tokens = 1024;
    private const int Heads = 12;
    private static readonly DropoutState Dropout = new(0.1f, 1, 1, 1);
    private Attention attention = null!;
    private DeviceMatrix qkv = null!;
    private DeviceMatrix qkvGradient = null!;
    private DeviceMatrix context = null!;
    private DeviceMatrix contextGradient = null!;
    private DeviceMatrix logSumExp = null!;

    [Params(32, 64)]
    public int HeadSize { get; set; }

    [Params(32, 128, 512)]
    public int Sequence { get; set; }

    [GlobalSetup]
    public void Prepare()
    {
        var hidden = Heads * HeadSize;
        attention = new Attention(Device, Heads, HeadSize, Tokens, Tokens / Sequence);
        attention.Prepare([.. Enumerable.Range(0, (Tokens / Sequence) + 1).Select(i => i * Sequence)]);
        qkv = Random(Tokens * 3 * hidden);
        qkvGradient = Zeros(Tokens * 3 * hidden);
        context = Zeros(Tokens * hidden);
        contextGradient = Random(Tokens * hidden);
        logSumExp = Zeros(Tokens * Heads);
        Forward();
    }

    /// <inheritdoc/>
    public override void Close()
    {
        attention.Dispose();
        base.Close();
    }

    [Benchmark]
    public void Forward()
    {
        attention.Forward(qkv.View, context.View, logSumExp.View, Tokens, Dropout, 0);
        Device.Synchronize();
    }

    [Benchmark]
    public void Backward()
    {
        attention.Backward(qkv.View, context.View, contextGradient.View, logSumExp.View, qkvGradient.View, Tokens, Dropout, 0);
        Device.Synchronize();
    }
}
