using Engine.Kernels;

namespace Engine.Model;

/// <summary>The numbers of the places where dropout happens, and their masks in a training pass.</summary>
/// <param name="pass">The pass, or null: no dropout.</param>
/// <param name="layerCount">The encoder's layers.</param>
internal readonly struct DropoutSites(TrainingPass? pass, int layerCount)
{
    private const int SitesPerLayer = 8;

    /// <summary>The first token's number in the logical batch.</summary>
    public int TokenBase => pass?.TokenBase ?? 0;

    /// <summary>The first sequence's number in the logical batch.</summary>
    public int SequenceBase => pass?.SequenceBase ?? 0;

    /// <summary>A layer's attention probabilities.</summary>
    public DropoutState Attention(int layer, float probability) => State(layer * SitesPerLayer, probability);

    /// <summary>The dense layer after attention.</summary>
    public DropoutState Context(int layer, float probability) => State(layer * SitesPerLayer + 1, probability);

    /// <summary>A layer's output.</summary>
    public DropoutState Output(int layer, float probability) => State(layer * SitesPerLayer + 2, probability);

    /// <summary>The normalized embeddings.</summary>
    public DropoutState Embedding(float probability) => State(layerCount * SitesPerLayer, probability);

    /// <summary>Before the head's dense layer.</summary>
    public DropoutState Head(float probability) => State(layerCount * SitesPerLayer + 1, probability);

    private DropoutState State(int site, float probability) =>
        pass is { Dropout: true } training ? new DropoutState(probability, training.Seed, (uint)training.Step, (uint)site) : DropoutState.Off;
}
