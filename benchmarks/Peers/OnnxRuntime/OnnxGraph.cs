namespace Engine.Benchmarks.Peers;

/// <summary>An ONNX model while it is made: nodes, weights, inputs, outputs. Field numbers are those of ONNX's <c>onnx.proto</c>.</summary>
internal sealed class OnnxGraph
{
    /// <summary>The domain of ONNX Runtime's own operators.</summary>
    public const string Microsoft = "com.microsoft";

    private const int FloatType = 1;
    private const int Int32Type = 6;
    private const int Opset = 13;
    private const int IrVersion = 8;
    private readonly ProtobufMessage graph = new ProtobufMessage().Text(2, "bert");

    /// <summary>Adds a weight.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="values">Its values, row-major.</param>
    /// <param name="shape">Its shape.</param>
    /// <returns>Its name.</returns>
    public string Weight(string name, float[] values, params int[] shape)
    {
        var tensor = new ProtobufMessage();
        foreach (var size in shape)
            tensor.Integer(1, size);
        graph.Message(5, tensor.Integer(2, FloatType).Text(8, name).Raw(9, values));
        return name;
    }

    /// <summary>Adds an operator.</summary>
    /// <param name="type">The operator.</param>
    /// <param name="domain">Its domain; ONNX's own is empty.</param>
    /// <param name="inputs">Names of inputs.</param>
    /// <param name="outputs">Names of outputs.</param>
    /// <param name="attribute">Its attribute, a float or an integer, or null.</param>
    /// <returns>The name of its first output.</returns>
    public string Node(string type, string domain, string[] inputs, string[] outputs, (string Name, object Value)? attribute = null)
    {
        var node = new ProtobufMessage();
        foreach (var input in inputs)
            node.Text(1, input);
        foreach (var output in outputs)
            node.Text(2, output);
        node.Text(4, type);
        if (attribute is { } given)
        {
            var message = new ProtobufMessage().Text(1, given.Name);
            node.Message(5, given.Value is float real ? message.Float(2, real).Integer(20, 1) : message.Integer(3, (int)given.Value).Integer(20, 2));
        }

        graph.Message(1, node.Text(7, domain));
        return outputs[0];
    }

    /// <summary>Declares an input of integers [batch, sequence].</summary>
    /// <param name="name">Its name.</param>
    /// <returns>Its name.</returns>
    public string Input(string name)
    {
        graph.Message(11, Value(name, Int32Type, new ProtobufMessage().Message(1, Dimension("batch")).Message(1, Dimension("sequence"))));
        return name;
    }

    /// <summary>Declares the output of floats [batch, sequence, width].</summary>
    /// <param name="name">Its name.</param>
    /// <param name="width">Its last dimension.</param>
    public void Output(string name, int width) => graph.Message(12, Value(
        name, FloatType, new ProtobufMessage().Message(1, Dimension("batch")).Message(1, Dimension("sequence")).Message(1, new ProtobufMessage().Integer(1, width))));

    /// <summary>Writes the model.</summary>
    /// <param name="path">The file.</param>
    public void Save(string path) => new ProtobufMessage()
        .Integer(1, IrVersion)
        .Message(8, new ProtobufMessage().Text(1, string.Empty).Integer(2, Opset))
        .Message(8, new ProtobufMessage().Text(1, Microsoft).Integer(2, 1))
        .Message(7, graph)
        .Save(path);

    private static ProtobufMessage Dimension(string name) => new ProtobufMessage().Text(2, name);

    private static ProtobufMessage Value(string name, int type, ProtobufMessage shape) =>
        new ProtobufMessage().Text(1, name).Message(2, new ProtobufMessage().Message(1, new ProtobufMessage().Integer(1, type).Message(2, shape)));
}
