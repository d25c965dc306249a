using System.Globalization;
using Engine.Model.Checkpoints.TensorFlow;

namespace Engine.Model.Conversion.TensorFlow;

/// <summary>
/// The order of a Keras model's layers in a checkpoint that says nothing more of them (<c>layer-0</c>, <c>layer-1</c>, ...): what lies between the encoder and a dense
/// layer tells whether that can see a state of a token.
/// </summary>
internal static class KerasLayerOrder
{
    private const string Prefix = "layer-";

    /// <summary>Guesses what a dense layer stands on.</summary>
    /// <param name="graph">The checkpoint's objects.</param>
    /// <param name="densePath">The way to the dense layer.</param>
    /// <param name="wordsPath">The way to the word table, in the encoder.</param>
    public static (Pooling State, string Reason) Guess(TrackableGraph graph, string densePath, IReadOnlyList<string> wordsPath)
    {
        const string Ask = "assumed, as the checkpoint does not say it (--classifier cls or pooled says otherwise)";
        var root = graph.Nodes[0].Children;
        int? Node(string name) => root.Where(child => child.LocalName == name).Select(child => (int?)child.Node).FirstOrDefault();
        int? PlaceOf(int? node) => root.Where(child => child.Node == node && child.LocalName.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(child => int.TryParse(child.LocalName.AsSpan(Prefix.Length), CultureInfo.InvariantCulture, out int place) ? (int?)place : null).FirstOrDefault();
        if (PlaceOf(Node(densePath)) is not { } dense || wordsPath.Count == 0 || PlaceOf(Node(wordsPath[0])) is not { } encoder || dense <= encoder)
            return (Pooling.Pooled, $"on the pooled output: {Ask}");

        // A dropout keeps a generator of random numbers; an operation such as x[:, 0, :] keeps nothing.
        bool hasOperation = Enumerable.Range(encoder + 1, dense - encoder - 1).Select(place => Node(Prefix + place.ToString(CultureInfo.InvariantCulture)))
            .Any(node => node is { } number && !graph.Nodes[number].Children.Any(child => child.LocalName == "_random_generator"));
        return hasOperation
            ? (Pooling.Cls, $"on the [CLS] state, as an operation stands between encoder and dense layer: {Ask}")
            : (Pooling.Pooled, $"on the pooled output, as nothing but dropout stands between encoder and dense layer: {Ask}");
    }
}
