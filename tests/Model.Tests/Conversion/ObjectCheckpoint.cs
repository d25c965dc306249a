using System.Text;
using Engine.Shared;
using static Engine.Shared.BundleWriter;

namespace Engine.Model.Tests.Conversion;

/// <summary>
/// Writes an object-based checkpoint from the ways to its variables. Its keys are numbers, so that only names and ways can lead to a tensor.
/// </summary>
internal sealed class ObjectCheckpoint
{
    private readonly Node root = new();
    private readonly List<(string Key, int Type, int[] Shape, byte[] Bytes)> tensors = [];

    /// <summary>Adds a variable.</summary>
    /// <param name="path">The local names from the root.</param>
    /// <param name="fullName">The variable's name.</param>
    /// <param name="type">TensorFlow's number of its type.</param>
    /// <param name="shape">Its dimensions.</param>
    /// <param name="bytes">Its elements.</param>
    /// <param name="isSlot">Whether its key is that of an optimizer's slot.</param>
    public void Add(string[] path, string fullName, int type, int[] shape, byte[] bytes, bool isSlot = false)
    {
        var node = Touch(path);
        node.FullName = fullName;
        node.Key = $"key-{tensors.Count}{(isSlot ? "/.OPTIMIZER_SLOT/optimizer/m" : "")}";
        tensors.Add((node.Key, type, shape, bytes));
    }

    /// <summary>Makes an object that keeps nothing.</summary>
    public Node Touch(params string[] path)
    {
        var node = root;
        foreach (string name in path)
        {
            if (!node.Children.TryGetValue(name, out var child))
                node.Children[name] = child = new Node();
            node = child;
        }

        return node;
    }

    /// <summary>Gives an object a second parent.</summary>
    public void Link(string[] path, string name, string[] target) => Touch(path).Children[name] = Touch(target);

    /// <summary>Writes the files.</summary>
    public void Write(string prefix)
    {
        List<Node> nodes = [];
        Number(root, nodes);
        using var bundle = new BundleWriter(prefix);
        foreach (var (key, type, shape, bytes) in tensors)
            bundle.Add(key, type, shape, bytes);
        bundle.AddStrings("_CHECKPOINTABLE_OBJECT_GRAPH", [], Message(graph => nodes.ForEach(node => Field(graph, 1, Encode(node, nodes)))));
        bundle.Finish();
    }

    private static void Number(Node node, List<Node> nodes)
    {
        if (nodes.Contains(node))
            return;
        nodes.Add(node);
        foreach (var child in node.Children.Values)
            Number(child, nodes);
    }

    private static byte[] Encode(Node node, List<Node> nodes) => Message(output =>
    {
        foreach (var (name, child) in node.Children)
        {
            Field(output, 1, Message(edge =>
            {
                Field(edge, 1, nodes.IndexOf(child));
                Field(edge, 2, Encoding.UTF8.GetBytes(name));
            }));
        }

        if (node.Key is null)
            return;
        Field(output, 2, Message(tensor =>
        {
            Field(tensor, 1, "VARIABLE_VALUE"u8.ToArray());
            Field(tensor, 2, Encoding.UTF8.GetBytes(node.FullName));
            Field(tensor, 3, Encoding.UTF8.GetBytes(node.Key));
        }));
    });

    /// <summary>An object.</summary>
    internal sealed class Node
    {
        public Dictionary<string, Node> Children { get; } = [];

        public string FullName { get; set; } = "";

        public string? Key { get; set; }
    }
}
