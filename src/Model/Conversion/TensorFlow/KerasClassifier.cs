using Engine.Model.Checkpoints.TensorFlow;

namespace Engine.Model.Conversion.TensorFlow;

/// <summary>
/// Finds the dense layer that a Keras model has on the encoder of a hub layer, and which of the encoder's outputs it sees: by the description of the model's layers
/// where there is one, else by what lies between the two.
/// </summary>
internal static class KerasClassifier
{
    private const int MaxLayersBetween = 20;

    /// <summary>Finds it.</summary>
    /// <param name="loose">The variables that are no part of the encoder, with their names in the graph.</param>
    /// <param name="hidden">The width of the encoder.</param>
    /// <param name="encoderLayers">The number of the encoder's layers.</param>
    /// <param name="layers">What Keras says of the model's layers, or null.</param>
    /// <param name="between">Guesses the state from the order of the layers, for the way to a dense layer.</param>
    /// <returns>The classifier; or why the dense layers are left out; or neither, where there are none.</returns>
    public static (SourceClassifier? Found, LeftOut? LeftOut) Find(
        IReadOnlyList<(SourceVariable Variable, CheckpointVariable Object)> loose, int hidden, int encoderLayers, KerasLayers? layers,
        Func<string, (Pooling State, string Reason)> between)
    {
        var parts = loose.SelectMany(item => item.Object.Paths.Select(path => (item.Variable, item.Object, path.Names)))
            .Where(item => item.Names.Count > 1 && item.Names[^1] is "kernel" or "bias")
            .ToLookup(item => (Layer: string.Join('/', item.Names.SkipLast(1)), Part: item.Names[^1]), item => (item.Variable, item.Object));
        var dense = parts.Where(group => group.Key.Part == "kernel" && group.First().Variable.Entry.Shape.Count == 2)
            .Select(group => (group.Key.Layer, Kernel: group.First(), Bias: parts[(group.Key.Layer, "bias")].FirstOrDefault()))
            .DistinctBy(layer => layer.Kernel.Variable.Key).ToArray();
        if (dense.Length == 0)
            return (null, null);
        LeftOut Because(string reason) =>
            new(reason, [.. dense.SelectMany(layer => new[] { layer.Kernel.Variable, layer.Bias.Variable }).OfType<SourceVariable>().Select(variable => variable.Key)]);
        if (dense.Length > 1)
            return (null, Because($"{dense.Length} dense layers on the encoder, and heads have one"));
        var (way, kernel, bias) = dense[0];
        var shape = kernel.Variable.Entry.Shape;
        if (shape[0] != hidden)
            return (null, Because($"a dense layer on {shape[0]} numbers, and the encoder's states have {hidden}"));
        if (bias.Variable is null)
            return (null, Because("a dense layer without a bias"));
        string name = kernel.Object.Saved?.Name ?? kernel.Object.FullName;
        name = name.EndsWith("/kernel", StringComparison.Ordinal) ? name[..^"/kernel".Length] : name;
        string? activation = layers?.SettingOf(name, "activation");
        if (Unfit(activation, shape[1]) is { } unfit)
            return (null, Because(unfit));
        Pooling? state = null;
        float dropout = 0;
        string reason = "";
        if (layers?.ClassOf(name) is not null)
        {
            (state, dropout, reason) = Trace(layers, name, encoderLayers);
            if (state is null)
                return (null, Because($"a dense layer on something else than the [CLS] state or the pooled output ({reason})"));
        }

        if (state is null)
            (state, reason) = between(way);
        var kind = (state.Value, shape[1]) switch
        {
            (Pooling.Cls, 1) => HeadKind.ClsSigmoid,
            (Pooling.Cls, _) => HeadKind.ClsSoftmax,
            (_, 1) => HeadKind.PooledSigmoid,
            _ => HeadKind.PooledSoftmax,
        };
        var head = new HeadOptions(kind, HeadLabels.Numbered(Math.Max(2, shape[1])), dropout);
        return (new SourceClassifier(kernel.Variable, bias.Variable, true, head, reason), null);
    }

    private static string? Unfit(string? activation, int outputs) => (activation, outputs) switch
    {
        (null or "linear", _) or ("sigmoid", 1) or ("softmax", > 1) => null,
        ("sigmoid", _) => $"a dense layer with {outputs} independent sigmoids, and heads name one class",
        _ => $"a dense layer with the activation {activation}, and heads have a sigmoid or a softmax",
    };

    /// <summary>Follows a dense layer's input to the encoder, through dropouts and the choice of the first token.</summary>
    private static (Pooling? State, float Dropout, string Reason) Trace(KerasLayers layers, string dense, int encoderLayers)
    {
        bool takesFirst = false;
        double dropout = 0;
        var input = layers.InputOf(dense);
        for (int hops = 0; hops < MaxLayersBetween && input is { } from; hops++)
        {
            string? kind = layers.ClassOf(from.Layer);
            if (kind == "Dropout")
            {
                dropout = layers.NumberOf(from.Layer, "rate") ?? dropout;
            }
            else if (layers.TakesFirstToken(from.Layer))
            {
                takesFirst = true;
            }
            else if (kind == "KerasLayer")
            {
                // Outputs with names come in their order: default, encoder_outputs of each layer, pooled_output, sequence_output.
                bool hasNames = layers.HasNamedInputs(from.Layer);
                bool isPooled = from.Output == 0 || (hasNames && from.Output == encoderLayers + 1);
                bool isSequence = hasNames ? from.Output == encoderLayers || from.Output == encoderLayers + 2 : from.Output == 1;
                Pooling? state = isPooled && !takesFirst ? Pooling.Pooled : isSequence && takesFirst ? Pooling.Cls : null;
                return (state, (float)dropout, state is null ? $"output {from.Output} of layer \"{from.Layer}\"" : $"the model's layers say so: \"{dense}\" on \"{from.Layer}\"");
            }
            else
            {
                return (null, 0, $"layer \"{from.Layer}\" of class {kind}");
            }

            input = layers.InputOf(from.Layer);
        }

        return (null, 0, "its input is not described");
    }
}
