using System.Text;
using Engine.Model.Checkpoints.TensorFlow;
using Engine.Model.Tests.Data;
using Engine.Shared;
using Xunit;
using static Engine.Shared.BundleWriter;
using static Engine.Shared.GraphMessages;

namespace Engine.Model.Tests.Checkpoints.TensorFlow;

/// <summary>Graphs that TensorFlow's own files do not show: slots, cycles, contradictions.</summary>
public sealed class ObjectGraphTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Slots_are_told_from_variables_and_cycles_end()
    {
        using var bundle = Bundle(
            Node([("kernel", 1), ("optimizer", 2), ("self", 0)]),
            Node([], ("dense/kernel", "kernel/.ATTRIBUTES/VARIABLE_VALUE")),
            Node([("model", 0), ("iter", 3)], slot: 4),
            Node([], ("Adam/iter", "optimizer/iter/.ATTRIBUTES/VARIABLE_VALUE")),
            Node([], ("Adam/dense/kernel/m", "kernel/.OPTIMIZER_SLOT/optimizer/m/.ATTRIBUTES/VARIABLE_VALUE")));
        var objects = CheckpointObjects.Read(bundle, model: null)!;
        Assert.Equal([false, false, true], objects.Variables.Select(v => v.IsSlot));
        Assert.Equal(["kernel"], objects.Variables[0].Paths.Select(p => p.ToString()));
        Assert.Equal(["optimizer/iter"], objects.Variables[1].Paths.Select(p => p.ToString()));
        Assert.Empty(objects.Variables[2].Paths);
    }

    [Fact]
    public void The_two_graphs_are_joined_by_names_and_not_by_numbers()
    {
        using var bundle = Bundle(
            Node([("a", 1), ("b", 2)]),
            Node([], ("x", "a/.ATTRIBUTES/VARIABLE_VALUE")),
            Node([], ("x_1", "b/.ATTRIBUTES/VARIABLE_VALUE")));
        var model = Model([Saved([("b", 1), ("a", 2), ("file", 3)]), Variable("of b", [1]), Variable("of a", [-1]), Asset(0)], "vocab.txt");
        var objects = CheckpointObjects.Read(bundle, model)!;
        Assert.Equal(["of a", "of b"], objects.Variables.Select(v => v.Saved!.Name));
        Assert.Equal("vocab.txt", objects.Assets.Single().FileName);
    }

    [Fact]
    public void Contradictions_are_refused()
    {
        using var bundle = Bundle(Node([("a", 1)]), Node([], ("a", "a/.ATTRIBUTES/VARIABLE_VALUE")));
        AssertRefused("is FLOAT [2], but tensor", () => CheckpointObjects.Read(bundle, Model([Saved([("a", 1)]), Variable("a", [2])])));
        AssertRefused("names asset 1, expected one of 1", () => CheckpointObjects.Read(bundle, Model([Saved([("f", 1)]), Asset(1)], "vocab.txt")));
        AssertRefused("edge \"b\" leads to no object", () => CheckpointObjects.Read(bundle, Model([Saved([("a", 1)]), Saved([("b", 2)])])));
        AssertRefused("is not the name of a file under assets/", () => Model([Saved([])], "../vocab.txt"));
        AssertRefused("is not the name of a file under assets/", () => Model([Saved([])], "/etc/passwd"));
        AssertRefused("holds no model", () => Read([]));
        AssertRefused("not a valid protocol buffer", () => Read([0x12, 0x05, 1]));
        AssertRefused("not a valid protocol buffer", () => Read(Message(output => Field(output, 2, 7))));
        using var missing = Bundle(Node([("a", 1)]), Node([], ("a", "elsewhere/.ATTRIBUTES/VARIABLE_VALUE")));
        AssertRefused("is missing, expected by the objects", () => CheckpointObjects.Read(missing, model: null));
    }

    [Fact]
    public void Graphs_larger_or_deeper_than_models_are_refused()
    {
        using var deep = Bundle([.. Enumerable.Range(1, 200).Select(i => Node([("deeper", i)])), Node([])]);
        AssertRefused("more than 100 deep", () => CheckpointObjects.Read(deep, model: null));

        // Two bytes in the file are an object in memory.
        byte[] many = [.. Enumerable.Repeat((byte[])[0x0A, 0], 300_001).SelectMany(b => b)];
        AssertRefused("more than 300000 objects", () => Read(Message(output => Field(output, 2, Message(graph => Field(graph, 7, many))))));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_module_of_TensorFlow_1_says_in_its_graph_whether_it_is_uncased(bool value)
    {
        byte[] number = [0x5A, 1, value ? (byte)1 : (byte)0], content = [0x22, 1, value ? (byte)1 : (byte)0];
        foreach (byte[] stored in (byte[][])[number, content, .. value ? Array.Empty<byte[]>() : [[]]])
        {
            byte[] tensor = [0x08, 10, .. stored];
            byte[] constant = Message(node =>
            {
                Field(node, 1, Encoding.UTF8.GetBytes("module/Const_1"));
                Field(node, 2, "Const"u8.ToArray());
                Field(node, 5, Entry("dtype", Message(a => Field(a, 6, 10))));
                Field(node, 5, Entry("value", Message(a => Field(a, 8, tensor))));
            });
            byte[] identity = Message(node =>
            {
                Field(node, 1, "passed_on"u8.ToArray());
                Field(node, 2, "Identity"u8.ToArray());
                Field(node, 3, "module/Const_1"u8.ToArray());
            });
            byte[] output = Entry("do_lower_case", Message(info => Field(info, 1, "passed_on:0"u8.ToArray())));
            byte[] signature = Entry("tokenization_info", Message(s => Field(s, 2, output)));
            var model = Read(Message(file => Field(file, 2, Message(meta =>
            {
                Field(meta, 2, Message(graph =>
                {
                    Field(graph, 1, identity);
                    Field(graph, 1, constant);
                }));
                Field(meta, 5, signature);
            }))));
            Assert.Equal(value, model.Inference.IsLowerCase);
        }
    }

    [Fact]
    public void Of_several_graphs_the_one_that_is_not_for_training_is_taken()
    {
        byte[] MetaGraph(string version, params string[] tags) => Message(meta => Field(meta, 1, Message(info =>
        {
            foreach (string tag in tags)
                Field(info, 4, Encoding.UTF8.GetBytes(tag));
            Field(info, 5, Encoding.UTF8.GetBytes(version));
        })));
        SavedModel Of(params byte[][] graphs) => Read(Message(file =>
        {
            foreach (byte[] graph in graphs)
                Field(file, 2, graph);
        }));
        Assert.Equal("plain", Of(MetaGraph("train", "train"), MetaGraph("plain")).Inference.TensorFlowVersion);
        Assert.Equal("serve", Of(MetaGraph("train", "train"), MetaGraph("plain"), MetaGraph("serve", "serve", "gpu")).Inference.TensorFlowVersion);
        Assert.Equal("train", Of(MetaGraph("train", "train")).Inference.TensorFlowVersion);
    }

    public void Dispose() => folder.Dispose();

    private static byte[] Entry(string key, byte[] value) => Message(output =>
    {
        Field(output, 1, Encoding.UTF8.GetBytes(key));
        Field(output, 2, value);
    });

    private static void AssertRefused(string expected, Action action)
    {
        var exception = Assert.Throws<ModelException>(action);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(exception.Message, char.IsControl);
    }

    /// <summary>A checkpoint of these objects, with a tensor of one number for every variable; keys that begin with "elsewhere" are left out.</summary>
    private TensorBundle Bundle(params byte[][] nodes)
    {
        string prefix = folder.File($"{Guid.NewGuid():N}");
        using (var writer = new BundleWriter(prefix))
        {
            writer.AddStrings(TrackableGraph.TensorName, [], Graph(nodes));
            foreach (string key in (string[])["a", "b", "kernel", "optimizer/iter", "kernel/.OPTIMIZER_SLOT/optimizer/m"])
                writer.Add(key + "/.ATTRIBUTES/VARIABLE_VALUE", [1], [1f]);
            writer.Finish();
        }

        return TensorBundle.Open(prefix);
    }

    private SavedModel Model(byte[][] nodes, params string[] assets) => Read(ModelFile(nodes, assets));

    private SavedModel Read(byte[] content) => SavedModel.Read(folder.Write("saved_model.pb", content));
}
