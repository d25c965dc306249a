using System.Text;
using static Engine.Shared.BundleWriter;

namespace Engine.Shared;

/// <summary>Object graphs of TensorFlow's checkpoints and SavedModels, message by message.</summary>
internal static class GraphMessages
{
    /// <summary>The graph of a checkpoint.</summary>
    public static byte[] Graph(params byte[][] nodes) => Message(output =>
    {
        foreach (byte[] node in nodes)
            Field(output, 1, node);
    });

    /// <summary>A <c>saved_model.pb</c>.</summary>
    public static byte[] ModelFile(byte[][] nodes, params string[] assets) => Message(file => Field(file, 2, Message(meta =>
    {
        foreach (string asset in assets)
            Field(meta, 6, Message(a => Field(a, 2, Encoding.UTF8.GetBytes(asset))));
        Field(meta, 7, Graph(nodes));
    })));

    /// <summary>An object of a checkpoint: its edges, the tensor that it keeps, the object that is a slot of it.</summary>
    public static byte[] Node((string Name, int Node)[] children, (string FullName, string Key)? variable = null, int? slot = null) => Message(output =>
    {
        foreach (var child in children)
            Field(output, 1, Edge(child));
        if (variable is { } value)
        {
            Field(output, 2, Message(tensor =>
            {
                Field(tensor, 1, "VARIABLE_VALUE"u8.ToArray());
                Field(tensor, 2, Encoding.UTF8.GetBytes(value.FullName));
                Field(tensor, 3, Encoding.UTF8.GetBytes(value.Key));
            }));
        }

        if (slot is { } number)
            Field(output, 3, Message(s => Field(s, 3, number)));
    });

    /// <summary>An object of a SavedModel.</summary>
    public static byte[] Saved((string Name, int Node)[] children) => Message(output =>
    {
        foreach (var child in children)
            Field(output, 1, Edge(child));
        Field(output, 4, Message(user => Field(user, 1, "_generic_user_object"u8.ToArray())));
    });

    /// <summary>A variable of a SavedModel.</summary>
    public static byte[] Variable(string name, long[] shape) => Message(output => Field(output, 7, Message(variable =>
    {
        Field(variable, 1, 1);
        Field(variable, 2, Message(dimensions =>
        {
            foreach (long dimension in shape)
                Field(dimensions, 2, Message(d => Field(d, 1, dimension)));
        }));
        Field(variable, 6, Encoding.UTF8.GetBytes(name));
    })));

    /// <summary>A file of a SavedModel, by its number.</summary>
    public static byte[] Asset(int file) => Message(output => Field(output, 5, Message(asset => Field(asset, 1, file))));

    private static byte[] Edge((string Name, int Node) child) => Message(output =>
    {
        Field(output, 1, child.Node);
        Field(output, 2, Encoding.UTF8.GetBytes(child.Name));
    });
}
