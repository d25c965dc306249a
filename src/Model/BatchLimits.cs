namespace Engine.Model;

/// <summary>The largest batch that a model will be given; memory is planned for it once.</summary>
/// <param name="MaxTokens">The most tokens of a batch, all its sequences together.</param>
/// <param name="MaxSequences">The most sequences of a batch.</param>
public readonly record struct BatchLimits(int MaxTokens, int MaxSequences);

/// <summary>Which parameters training changes.</summary>
public enum TrainedPart
{
    /// <summary>None: the model only computes. No gradients and moments are kept, and layers share their activations' memory.</summary>
    Nothing,

    /// <summary>The head's dense layer; the encoder and the pooler are frozen.</summary>
    Head,

    /// <summary>Everything that the head's loss depends on (the pooler only where the head uses it).</summary>
    All,
}
