using Engine.Compute;

namespace Engine.Kernels;

/// <summary>Sizes of attention on a packed batch.</summary>
/// <param name="Heads">The number of heads.</param>
/// <param name="HeadSize">The size of a head.</param>
/// <param name="Dropout">The probability that an attention probability is dropped.</param>
/// <param name="Lengths">The sequences' tokens.</param>
internal sealed record AttentionSize(int Heads, int HeadSize, float Dropout, params int[] Lengths)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Heads}x{HeadSize} on {string.Join('+', Lengths)}{(Dropout > 0 ? " dropout" : string.Empty)}";
}

/// <summary>Makes attention of one shape for a size.</summary>
/// <param name="device">The device.</param>
/// <param name="heads">The number of heads.</param>
/// <param name="headSize">The size of a head.</param>
/// <param name="maxTokens">Most tokens of a batch.</param>
/// <param name="maxSequences">Most sequences of a batch.</param>
internal delegate Attention AttentionMaker(ComputeDevice device, int heads, int headSize, int maxTokens, int maxSequences);

/// <summary><see cref="Attention"/>, with dropout where a size has it.</summary>
internal sealed class AttentionChecks(ComputeDevice device, Comparison comparison, AttentionMaker make) : OperationChecks(device, comparison)
{
    private const int TokenBase = 100;

    // ILGPU forgets kernels that nothing refers to, and would compile them again for every size.
    private readonly List<Attention> kept = [];

    /// <summary>The context and the log-sum-exp.</summary>
    public void Forward(AttentionSize size) => Compare(Run(size, null), Reference(size, null));

    /// <summary>The gradient, by way of a forward pass.</summary>
    public void Backward(AttentionSize size) =>
        CompareGradient(Run(size, ContextGradient(size)), Reference(size, ContextGradient(size)));

    /// <summary>All of it.</summary>
    public void ForwardAndBackward(AttentionSize size)
    {
        var (run, reference) = (Run(size, ContextGradient(size)), Reference(size, ContextGradient(size)));
        Compare(run, reference);
        CompareGradient(run, reference);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (var attention in kept)
            attention.Dispose();
    }

    private static float[] Qkv(AttentionSize size) => CheckInputs.Uniform(size.Lengths.Sum() * 3 * size.Heads * size.HeadSize, 1, 2f);

    private static float[] ContextGradient(AttentionSize size) => CheckInputs.Uniform(size.Lengths.Sum() * size.Heads * size.HeadSize, 2);

    private static DropoutState Dropout(AttentionSize size) => new(size.Dropout, 0x123456789ABCDEF0, 3, 17);

    private static AttentionReference Reference(AttentionSize size, float[]? contextGradient) => new(
        CheckInputs.Doubles(Qkv(size)), CheckInputs.Offsets(size.Lengths), size.Heads, size.HeadSize, Dropout(size), TokenBase, contextGradient);

    private AttentionRun Run(AttentionSize size, float[]? contextGradient)
    {
        var attention = make(Device, size.Heads, size.HeadSize, size.Lengths.Sum(), size.Lengths.Length);
        kept.Add(attention);
        return AttentionRun.Of(Device, attention, Qkv(size), contextGradient, CheckInputs.Offsets(size.Lengths), Dropout(size), TokenBase);
    }

    private void Compare(AttentionRun run, AttentionReference reference)
    {
        Comparison.Within(reference.Context, run.Context, reference.ContextBound, "context");
        Comparison.Within(reference.LogSumExp, run.LogSumExp, reference.LogSumExpBound, "log-sum-exp");
    }

    private void CompareGradient(AttentionRun run, AttentionReference reference) =>
        Comparison.Within(reference.Gradient, run.Gradient, reference.GradientBound, "dqkv");
}
