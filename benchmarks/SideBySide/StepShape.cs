using Engine.Model;

namespace Engine.Benchmarks.SideBySide;

/// <summary>A model and a batch of sequences of one length.</summary>
/// <param name="Name">What to call it.</param>
/// <param name="Layers">Layers of the encoder.</param>
/// <param name="Hidden">Width of the states.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="Batch">Sequences.</param>
/// <param name="Sequence">Tokens of each.</param>
internal sealed record StepShape(string Name, int Layers, int Hidden, int Heads, int Batch, int Sequence)
{
    /// <summary>Words of the vocabulary.</summary>
    public const int VocabularySize = 30522;

    /// <summary>The shapes that are trained.</summary>
    public static readonly IReadOnlyList<StepShape> Trained =
    [
        new("minilm", 6, 384, 12, 16, 64),
        new("bert-base", 12, 768, 12, 8, 128),
    ];

    /// <summary>The shapes of a forward pass: the same, and one short text, as a service sees it.</summary>
    public static readonly IReadOnlyList<StepShape> Inferred = [.. Trained, new("minilm-text", 6, 384, 12, 1, 16)];

    /// <summary>Gets the model's usual name.</summary>
    public string Title => Layers switch { 6 => "MiniLM-L6", 12 => "BERT-base", _ => "BERT-Large" };

    /// <summary>Gets the model's configuration: BERT's, with a softmax of two classes on the first state.</summary>
    public BertConfiguration Configuration => new()
    {
        VocabularySize = VocabularySize,
        HiddenSize = Hidden,
        LayerCount = Layers,
        HeadCount = Heads,
        IntermediateSize = 4 * Hidden,
    };

    /// <summary>Gets the work of a training step's matrix products: forward, and twice that for the gradients.</summary>
    public double FloatingPointOperations => 3.0 * Layers * Batch * Sequence * ((24.0 * Hidden * Hidden) + (4.0 * Sequence * Hidden));

    /// <summary>Makes a batch of random tokens.</summary>
    /// <param name="seed">Decides tokens and labels.</param>
    /// <param name="ragged">Whether lengths vary from 1 to <see cref="Sequence"/> instead of all being that.</param>
    /// <returns>The batch.</returns>
    public PackedBatch MakeBatch(int seed, bool ragged)
    {
        var random = new Random(seed);
        var offsets = new int[Batch + 1];
        for (var i = 0; i < Batch; i++)
            offsets[i + 1] = offsets[i] + (ragged ? random.Next(1, Sequence + 1) : Sequence);
        var ids = new int[offsets[^1]];
        for (var i = 0; i < ids.Length; i++)
            ids[i] = random.Next(VocabularySize);
        var labels = new int[Batch];
        for (var i = 0; i < Batch; i++)
            labels[i] = random.Next(2);
        return new PackedBatch(ids, new int[ids.Length], offsets, labels);
    }
}
