using System.Text;
using static Engine.Shared.BundleWriter;

namespace Engine.Benchmarks.Conversion;

/// <summary>
/// The object graph of a TF-Hub SavedModel, in the two forms in which it is stored (tensorflow/core/protobuf: trackable_object_graph.proto in the
/// checkpoint, saved_object_graph.proto in <c>saved_model.pb</c>): a root with a list of variables, a vocabulary and a truth value.
/// </summary>
/// <param name="variables">The variables of the list.</param>
internal sealed class HubObjectGraph(IReadOnlyList<BertLarge.Variable> variables)
{
    /// <summary>The key of the truth value that says whether text is turned to lower case.</summary>
    public const string LowerCaseKey = "do_lower_case/.ATTRIBUTES/VARIABLE_VALUE";

    /// <summary>TensorFlow's number of the type of truth values.</summary>
    public const int Boolean = 10;

    private const int Float = 1;
    private const int ListNode = 1;
    private const int VocabularyNode = 2;
    private const int LowerCaseNode = 3;
    private const int FirstVariableNode = 4;

    private static readonly BertLarge.Variable LowerCase = new("Variable");

    /// <summary>Gets the key of a variable of the list.</summary>
    /// <param name="index">From 0.</param>
    /// <returns>The key in the checkpoint.</returns>
    public static string Key(int index) => $"variables/{index}/.ATTRIBUTES/VARIABLE_VALUE";

    /// <summary>Makes the checkpoint's form.</summary>
    /// <returns>A TrackableObjectGraph.</returns>
    public byte[] Trackable() => Message(graph =>
    {
        Field(graph, 1, Root());
        Field(graph, 1, List());
        Field(graph, 1, Message(_ => { }));
        Field(graph, 1, Attribute(LowerCase, LowerCaseKey));
        for (var i = 0; i < variables.Count; i++)
            Field(graph, 1, Attribute(variables[i], Key(i)));
    });

    /// <summary>Makes <c>saved_model.pb</c>, which holds the other form.</summary>
    /// <returns>A SavedModel with one MetaGraphDef.</returns>
    public byte[] SavedModel()
    {
        const int UserObject = 4, Asset = 5;
        var empty = Message(_ => { });
        var graph = Message(nodes =>
        {
            Field(nodes, 1, [.. Root(), .. Message(node => Field(node, UserObject, empty))]);
            Field(nodes, 1, [.. List(), .. Message(node => Field(node, UserObject, empty))]);
            Field(nodes, 1, Message(node => Field(node, Asset, empty)));
            Field(nodes, 1, SavedVariable(LowerCase, Boolean));
            foreach (var variable in variables)
                Field(nodes, 1, SavedVariable(variable, Float));
        });
        return Message(model =>
        {
            Field(model, 1, 1);
            Field(model, 2, Message(meta =>
            {
                Field(meta, 1, Message(information => Field(information, 4, Encoding.UTF8.GetBytes("serve"))));
                Field(meta, 6, Message(asset => Field(asset, 2, Encoding.UTF8.GetBytes("vocab.txt"))));
                Field(meta, 7, graph);
            }));
        });
    }

    private static byte[] Child(int node, string name) => Message(child =>
    {
        Field(child, 1, node);
        Field(child, 2, Encoding.UTF8.GetBytes(name));
    });

    private static byte[] Attribute(BertLarge.Variable variable, string key) => Message(node => Field(node, 2, Message(attribute =>
    {
        Field(attribute, 1, Encoding.UTF8.GetBytes("VARIABLE_VALUE"));
        Field(attribute, 2, Encoding.UTF8.GetBytes(variable.Name));
        Field(attribute, 3, Encoding.UTF8.GetBytes(key));
    })));

    private static byte[] SavedVariable(BertLarge.Variable variable, int type) => Message(node => Field(node, 7, Message(saved =>
    {
        Field(saved, 1, type);
        Field(saved, 2, Message(shape =>
        {
            foreach (var size in variable.Shape)
                Field(shape, 2, Message(dimension => Field(dimension, 1, size)));
        }));
        Field(saved, 6, Encoding.UTF8.GetBytes(variable.Name));
    })));

    private static byte[] Root() => Message(node =>
    {
        Field(node, 1, Child(ListNode, "variables"));
        Field(node, 1, Child(VocabularyNode, "vocab_file"));
        Field(node, 1, Child(LowerCaseNode, "do_lower_case"));
    });

    private byte[] List() => Message(node =>
    {
        for (var i = 0; i < variables.Count; i++)
            Field(node, 1, Child(FirstVariableNode + i, $"{i}"));
    });
}
