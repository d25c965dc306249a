using Engine.Compute;
using Engine.Kernels;

namespace Engine.Model;

/// <summary>The operations that a model is made of, for one device and one shape of model.</summary>
internal sealed class ModelKernels : IDisposable
{
    /// <summary>Makes the operations; kernels are compiled at their first use.</summary>
    public ModelKernels(ComputeDevice device, BertConfiguration configuration, BatchLimits limits)
    {
        Gemm = new Gemm(device);
        Attention = new Attention(device, configuration.HeadCount, configuration.HeadSize, limits.MaxTokens, limits.MaxSequences);
        LayerNorm = new LayerNorm(device, configuration.HiddenSize, configuration.LayerNormEpsilon);
        Gelu = new Gelu(device);
        Embedding = new Embedding(device, configuration.HiddenSize);
        Dropout = new Dropout(device);
        Activation = new Activation(device);
        ColumnSum = new ColumnSum(device);
        RowGather = new RowGather(device);
        MeanPool = new MeanPool(device);
        Softmax = new Softmax(device);
        TopSoftmax = new TopSoftmax(device);
        SoftmaxCrossEntropy = new SoftmaxCrossEntropy(device);
        SigmoidCrossEntropy = new SigmoidCrossEntropy(device);
        GradientNorm = new GradientNorm(device);
        Adam = new Adam(device);
    }

    /// <summary>Linear layers.</summary>
    public Gemm Gemm { get; }

    /// <summary>Self-attention.</summary>
    public Attention Attention { get; }

    /// <summary>Layer norm with dropout and residual.</summary>
    public LayerNorm LayerNorm { get; }

    /// <summary>The feed-forward layer's activation.</summary>
    public Gelu Gelu { get; }

    /// <summary>The three tables' sum.</summary>
    public Embedding Embedding { get; }

    /// <summary>Dropout where nothing is fused with it.</summary>
    public Dropout Dropout { get; }

    /// <summary>The pooler's tanh.</summary>
    public Activation Activation { get; }

    /// <summary>Bias gradients.</summary>
    public ColumnSum ColumnSum { get; }

    /// <summary>[CLS] states, and those of masked tokens.</summary>
    public RowGather RowGather { get; }

    /// <summary>Mean states.</summary>
    public MeanPool MeanPool { get; }

    /// <summary>The next-sentence head's probabilities.</summary>
    public Softmax Softmax { get; }

    /// <summary>The masked-language-model head's most probable tokens.</summary>
    public TopSoftmax TopSoftmax { get; }

    /// <summary>The loss of softmax heads.</summary>
    public SoftmaxCrossEntropy SoftmaxCrossEntropy { get; }

    /// <summary>The loss of sigmoid heads.</summary>
    public SigmoidCrossEntropy SigmoidCrossEntropy { get; }

    /// <summary>The global gradient norm.</summary>
    public GradientNorm GradientNorm { get; }

    /// <summary>The optimizer.</summary>
    public Adam Adam { get; }

    /// <summary>Makes room for the largest batch in every operation that keeps intermediate results, so that no step allocates.</summary>
    public void Reserve(BertConfiguration configuration, BatchLimits limits, ParameterLayout layout, TrainedPart trained)
    {
        if (trained == TrainedPart.Nothing)
            return;
        GradientNorm.Reserve(layout.TrainedLength);
        ColumnSum.Reserve(limits.MaxSequences, Math.Max(configuration.HiddenSize, configuration.Head!.Outputs));
        if (trained != TrainedPart.All)
            return;
        LayerNorm.Reserve(limits.MaxTokens);
        Embedding.Reserve(limits.MaxTokens);
        ColumnSum.Reserve(limits.MaxTokens, Math.Max(3 * configuration.HiddenSize, configuration.IntermediateSize));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Attention.Dispose();
        LayerNorm.Dispose();
        Embedding.Dispose();
        ColumnSum.Dispose();
        GradientNorm.Dispose();
        Adam.Dispose();
    }
}
