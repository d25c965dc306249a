namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>Looks a constant up in a graph of TensorFlow 1 (GraphDef, tensorflow/core/framework/graph.proto).</summary>
internal static class GraphConstant
{
    // A constant may reach a signature through a few operations that pass it on.
    private const int MaxHops = 8;

    /// <summary>Finds the value of a tensor.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="tensor">The tensor: a node's name, with or without <c>:0</c>.</param>
    /// <returns><c>null</c> where it is no constant truth value.</returns>
    public static bool? FindBoolean(ProtobufMessage graph, string tensor)
    {
        for (int hop = 0; hop < MaxHops; hop++)
        {
            string name = tensor.Split(':')[0];
            if (graph.MessagesOf(1).FirstOrDefault(n => n.TextOf(1) == name) is not { } node)
                return null;
            switch (node.TextOf(2))
            {
                case "Const":
                    return node.MessagesOf(5).Where(a => a.TextOf(1) == "value").SelectMany(a => a.MessagesOf(2)).Select(Boolean).FirstOrDefault();
                case "Identity" when node.TextsOf(3).FirstOrDefault() is { } input:
                    tensor = input;
                    break;
                default:
                    return null;
            }
        }

        return null;
    }

    /// <summary>The value of an attribute (AttrValue) that is a truth value, as TensorFlow writes one: as a number, as bytes, or left out for false.</summary>
    private static bool? Boolean(ProtobufMessage value)
    {
        if (value.MessagesOf(8).LastOrDefault() is not { } tensor || tensor.IntegerOf(1) != TensorFlowType.Bool)
            return null;
        bool result = false;
        while (tensor.Next())
        {
            switch (tensor.Field)
            {
                case 4:
                    result = tensor.Bytes().ContainsAnyExcept((byte)0);
                    break;
                case 11:
                    result = tensor.Integers().FirstOrDefault() != 0;
                    break;
            }
        }

        return result;
    }
}
