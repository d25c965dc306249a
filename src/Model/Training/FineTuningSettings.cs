namespace Engine.Model.Training;

/// <summary>How a model is fine-tuned. The defaults are those of the command <c>train</c>.</summary>
public sealed record FineTuningSettings
{
    /// <summary>The head that is put on the encoder.</summary>
    public HeadKind Head { get; init; } = HeadKind.PooledSoftmax;

    /// <summary>How the head's first weights are drawn.</summary>
    public HeadInitializer Initializer { get; init; } = HeadInitializer.Normal;

    /// <summary>
    /// Dropout before the head's dense layer; null: as the checkpoint's configuration says for a pooled head (<c>classifier_dropout</c>, else
    /// <c>hidden_dropout_prob</c>), none for the others.
    /// </summary>
    public float? HeadDropout { get; init; }

    /// <summary>
    /// Dropout within the encoder, of states and attention probabilities; null: as the checkpoint's configuration says
    /// (<c>hidden_dropout_prob</c>, <c>attention_probs_dropout_prob</c>). A frozen encoder has none.
    /// </summary>
    public float? EncoderDropout { get; init; }

    /// <summary>What is trained: everything, or the head alone on features that are computed once.</summary>
    public TrainedPart Trained { get; init; } = TrainedPart.All;

    /// <summary>The most tokens of a text, special tokens included.</summary>
    public int MaxLength { get; init; } = 160;

    /// <summary>
    /// Sequences of one forward and backward pass; the gradients of the passes of a batch are added up (the same result with less memory).
    /// 0: the whole batch at once.
    /// </summary>
    public int MicroBatchSize { get; init; }

    /// <summary>The optimizer.</summary>
    public OptimizerSettings Optimizer { get; init; } = new();

    /// <summary>The loop.</summary>
    public TrainingSettings Loop { get; init; } = new();
}
