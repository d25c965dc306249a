using System.Globalization;
using Engine.Model.Checkpoints;
using Engine.Model.Checkpoints.TensorFlow;

namespace Engine.Model.Conversion.TensorFlow;

/// <summary>
/// Names the variables of an encoder by their order in its list (<c>variables/0</c>, <c>variables/1</c>, ...), where their own names say nothing, as those of Keras
/// 3's exports (<c>Variable_23</c>). The order is that of TF-Hub's encoders: tables, norm; query, key, value, output, norm, intermediate, output, norm of each layer;
/// pooler; then the masked-language-model head. Every shape must fit.
/// </summary>
internal sealed class VariableOrder
{
    private const int LeastVariables = 5 + 16;

    private readonly IReadOnlyList<TensorEntry> list;
    private readonly Dictionary<string, string> names = new(StringComparer.Ordinal);
    private int next;

    private VariableOrder(IReadOnlyList<TensorEntry> list) => this.list = list;

    /// <summary>Finds the list of an encoder's variables and names them.</summary>
    /// <param name="objects">The objects.</param>
    /// <param name="tensors">The checkpoint's tensors by their keys.</param>
    /// <returns>Names as TF-Hub's encoders give them, by the tensors' keys; empty where no list has the shapes of an encoder.</returns>
    public static IReadOnlyDictionary<string, string> Names(CheckpointObjects objects, IReadOnlyDictionary<string, TensorEntry> tensors)
    {
        var lists = objects.Variables
            .SelectMany(variable => variable.Paths.Select(path => (variable.Key, path.Names)))
            .Where(item => item.Names.Count > 1 && item.Names[^2].EndsWith("variables", StringComparison.Ordinal))
            .Select(item => (item.Key, Parent: string.Join('/', item.Names.SkipLast(1)), Number: NumberOf(item.Names[^1])))
            .Where(item => item.Number is not null)
            .GroupBy(item => item.Parent, StringComparer.Ordinal);
        return lists.Select(group => new VariableOrder([.. group.OrderBy(item => item.Number).Select(item => tensors[item.Key])]))
            .Where(order => order.list.Count >= LeastVariables && order.Match())
            .Select(order => order.names).MaxBy(found => found.Count) ?? [];
    }

    private static int? NumberOf(string name) => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;

    private bool Match()
    {
        if (list[0].Shape is not [var words, var hidden])
            return false;
        next = 1;
        names[list[0].Name] = "word_embeddings/embeddings";
        if (!MatchTables(hidden) || !Take("embeddings/layer_norm/gamma", hidden) || !Take("embeddings/layer_norm/beta", hidden))
            return false;
        int layers = 0;
        while (MatchLayer($"transformer/layer_{layers}/", hidden))
            layers++;
        if (layers == 0)
            return false;
        if (!Dense("pooler_transform", hidden, hidden))
            return true;
        const string Head = "cls/predictions/";
        int before = next;
        if (!(Take(Head + "output_bias/bias", words) && Dense(Head + "transform/dense", hidden, hidden)
            && Take(Head + "transform/LayerNorm/gamma", hidden) && Take(Head + "transform/LayerNorm/beta", hidden)))
        {
            Forget(before);
        }

        return true;
    }

    /// <summary>Positions and segments come in either order; there are always more positions.</summary>
    private bool MatchTables(int hidden)
    {
        if (list[1].Shape is not [var first, var firstWidth] || list[2].Shape is not [var second, var secondWidth] || firstWidth != hidden || secondWidth != hidden)
            return false;
        names[list[1].Name] = first >= second ? "position_embedding/embeddings" : "type_embeddings/embeddings";
        names[list[2].Name] = first >= second ? "type_embeddings/embeddings" : "position_embedding/embeddings";
        next = 3;
        return true;
    }

    private bool MatchLayer(string layer, int hidden)
    {
        int before = next;
        long wide = next + 11 < list.Count ? list[next + 11].Count : 0;
        bool fits = wide > 0
            && Dense(layer + "self_attention/query", hidden, hidden) && Dense(layer + "self_attention/key", hidden, hidden)
            && Dense(layer + "self_attention/value", hidden, hidden) && Dense(layer + "self_attention/attention_output", hidden, hidden)
            && Norm(layer + "self_attention_layer_norm", hidden)
            && Dense(layer + "intermediate", hidden, wide) && Dense(layer + "output", wide, hidden)
            && Norm(layer + "output_layer_norm", hidden);
        if (!fits)
            Forget(before);
        return fits;
    }

    private bool Dense(string name, long inputs, long outputs)
    {
        int before = next;
        if (Take(name + "/kernel", inputs * outputs, leastRank: 2) && Take(name + "/bias", outputs))
            return true;
        Forget(before);
        return false;
    }

    private bool Norm(string name, int size) => Take(name + "/gamma", size) && Take(name + "/beta", size);

    private bool Take(string name, long count, int leastRank = 1)
    {
        if (next >= list.Count || list[next].Count != count || list[next].Shape.Count < leastRank)
            return false;
        names[list[next++].Name] = name;
        return true;
    }

    private void Forget(int before)
    {
        while (next > before)
            names.Remove(list[--next].Name);
    }
}
