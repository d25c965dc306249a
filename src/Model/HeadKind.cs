namespace Engine.Model;

/// <summary>What stands on the encoder: which state is taken, and what turns the logits into probabilities.</summary>
public enum HeadKind
{
    /// <summary>Dense layer on the last layer's [CLS] state, one logit, logistic function: the classic Keras script's head.</summary>
    ClsSigmoid,

    /// <summary>Dense layer on the last layer's [CLS] state, a logit per class, softmax.</summary>
    ClsSoftmax,

    /// <summary>Pooler (dense and tanh of the [CLS] state), dropout, dense layer with one logit, logistic function.</summary>
    PooledSigmoid,

    /// <summary>Pooler, dropout, dense layer with a logit per class, softmax: <c>BertForSequenceClassification</c>.</summary>
    PooledSoftmax,

    /// <summary>Dense layer on the mean of a sequence's last states, one logit, logistic function.</summary>
    MeanSigmoid,

    /// <summary>Dense layer on the mean of a sequence's last states, a logit per class, softmax.</summary>
    MeanSoftmax,
}

/// <summary>How a sequence's states become one vector.</summary>
public enum Pooling
{
    /// <summary>The last layer's state of the first token.</summary>
    Cls,

    /// <summary>tanh of a dense layer on <see cref="Cls"/>.</summary>
    Pooled,

    /// <summary>The mean of the last layer's states.</summary>
    Mean,
}
