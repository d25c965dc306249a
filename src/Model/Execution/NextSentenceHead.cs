using ILGPU;

namespace Engine.Model;

/// <summary>
/// From pooled vectors to whether the second text of a pair follows the first: a dense layer with two outputs, softmax (Devlin et al., 2018;
/// google-research/bert, run_pretraining.py, get_next_sentence_output). Output 0 is "follows", 1 "a random text".
/// </summary>
internal sealed class NextSentenceHead
{
    /// <summary>The width of the dense layer.</summary>
    public const int Outputs = 2;

    private readonly ModelKernels kernels;
    private readonly ArrayView<float> weight;
    private readonly ArrayView<float> bias;
    private readonly int hiddenSize;
    private readonly ArenaPlace logits;
    private readonly ArenaPlace probabilities;

    /// <summary>Reserves places for the largest batch.</summary>
    /// <param name="hiddenSize">The width of the vectors.</param>
    /// <param name="kernels">The operations.</param>
    /// <param name="weight">[hidden, 2].</param>
    /// <param name="bias">[2].</param>
    /// <param name="maxSequences">The most sequences of a batch.</param>
    /// <param name="arena">Where intermediate results are reserved.</param>
    public NextSentenceHead(int hiddenSize, ModelKernels kernels, ArrayView<float> weight, ArrayView<float> bias, int maxSequences, DeviceArena arena)
    {
        this.hiddenSize = hiddenSize;
        this.kernels = kernels;
        this.weight = weight;
        this.bias = bias;
        logits = arena.Reserve((long)maxSequences * Outputs);
        probabilities = arena.Reserve((long)maxSequences * Outputs);
    }

    /// <summary>[sequences, 2].</summary>
    public ArrayView<float> Logits => logits.View;

    /// <summary>[sequences, 2].</summary>
    public ArrayView<float> Probabilities => probabilities.View;

    /// <summary>Computes <see cref="Logits"/> and <see cref="Probabilities"/>.</summary>
    /// <param name="pooled">The pooler's outputs, [sequences, hidden].</param>
    /// <param name="sequences">The number of sequences.</param>
    public void Forward(ArrayView<float> pooled, int sequences)
    {
        kernels.Gemm.Forward(pooled, weight, bias, Logits, sequences, Outputs, hiddenSize);
        kernels.Softmax.Forward(Logits, Probabilities, sequences, Outputs);
    }
}
