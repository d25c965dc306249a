namespace Engine.Model;

/// <summary>A classification head.</summary>
/// <param name="Kind">What it is made of.</param>
/// <param name="Labels">
/// The names of the classes by index. A sigmoid head has exactly two; its one probability is that of <c>Labels[1]</c>.
/// </param>
/// <param name="Dropout">The probability of dropout before the dense layer, in training only.</param>
public sealed record HeadOptions(HeadKind Kind, IReadOnlyList<string> Labels, float Dropout = 0f)
{
    /// <summary>Whether the probability is a logistic function of one logit.</summary>
    public bool IsSigmoid => Kind is HeadKind.ClsSigmoid or HeadKind.PooledSigmoid or HeadKind.MeanSigmoid;

    /// <summary>The width of the dense layer: 1 for a sigmoid head, else the number of classes.</summary>
    public int Outputs => IsSigmoid ? 1 : Labels.Count;

    /// <summary>Which vector of a sequence the dense layer sees.</summary>
    public Pooling Pooling => Kind switch
    {
        HeadKind.ClsSigmoid or HeadKind.ClsSoftmax => Pooling.Cls,
        HeadKind.PooledSigmoid or HeadKind.PooledSoftmax => Pooling.Pooled,
        _ => Pooling.Mean,
    };

    /// <summary>Checks that the options fit together.</summary>
    /// <exception cref="ModelException">Too few or too many labels, or a dropout outside [0, 1).</exception>
    public void Validate()
    {
        if (IsSigmoid ? Labels.Count != 2 : Labels.Count < 2)
        {
            throw new ModelException(
                $"head {Kind}: {Labels.Count} labels, expected {(IsSigmoid ? "exactly 2" : "at least 2")}; choose a softmax head for more than two");
        }

        if (Dropout is not (>= 0f and < 1f))
            throw new ModelException($"head {Kind}: dropout {Dropout}, expected at least 0 and below 1");
    }
}
