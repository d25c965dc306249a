using Engine.Benchmarks.SideBySide;
using Engine.Model.Checkpoints;

namespace Engine.Benchmarks.Peers;

/// <summary>Writes a BERT encoder as a graph of ONNX Runtime's own fused operators, its fastest form on CPUs.</summary>
internal static class BertGraph
{
    /// <summary>Names of the model's inputs: token ids, segment ids and 1 for every token, each int32 [batch, sequence].</summary>
    public static readonly string[] Inputs = ["input_ids", "segment_ids", "input_mask"];

    /// <summary>The name of the model's output: the last layer's states [batch, sequence, hidden].</summary>
    public const string Output = "states";

    private static readonly (string, object) Epsilon = ("epsilon", 1e-12f);

    /// <summary>Writes the model.</summary>
    /// <param name="shape">Its shape.</param>
    /// <param name="checkpoint">A folder with its weights, Hugging Face layout.</param>
    /// <param name="path">The file to write.</param>
    public static void Write(StepShape shape, string checkpoint, string path)
    {
        using var weights = SafetensorsFile.Open(Path.Combine(checkpoint, "model.safetensors"));
        var graph = new OnnxGraph();
        var hidden = shape.Hidden;

        float[] Read(string name) => weights.ReadFloats(weights.Tensors.Keys.Single(key => key == name || key == "bert." + name));
        string Vector(string name) => graph.Weight(name, Read(name), Read(name).Length);
        string Table(string name) => graph.Weight(name, Read(name), Read(name).Length / hidden, hidden);
        string Matrix(string name, int inputs, int outputs) => graph.Weight(name, Transpose(Read(name), outputs, inputs), inputs, outputs);

        string[] inputs = [.. Inputs.Select(graph.Input)];
        var state = graph.Node(
            "EmbedLayerNormalization", OnnxGraph.Microsoft,
            [
                inputs[0], inputs[1], Table("embeddings.word_embeddings.weight"), Table("embeddings.position_embeddings.weight"),
                Table("embeddings.token_type_embeddings.weight"), Vector("embeddings.LayerNorm.weight"), Vector("embeddings.LayerNorm.bias"), inputs[2],
            ],
            ["embedded", "mask_index"], Epsilon);
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            var prefix = $"encoder.layer.{layer}.";
            string[] projections = [.. new[] { "query", "key", "value" }.Select(name => $"{prefix}attention.self.{name}")];
            var joined = graph.Weight(
                prefix + "qkv.weight", Beside([.. projections.Select(name => Transpose(Read(name + ".weight"), hidden, hidden))], hidden), hidden, 3 * hidden);
            var joinedBias = graph.Weight(prefix + "qkv.bias", [.. projections.SelectMany(name => Read(name + ".bias"))], 3 * hidden);
            var context = graph.Node(
                "Attention", OnnxGraph.Microsoft, [state, joined, joinedBias, "mask_index"], [prefix + "context"], ("num_heads", shape.Heads));
            var attended = Normalized(prefix + "attention.output.", context, state, hidden);
            var wide = graph.Node(
                "MatMul", string.Empty, [attended, Matrix(prefix + "intermediate.dense.weight", hidden, 4 * hidden)], [prefix + "wide"]);
            var activated = graph.Node("BiasGelu", OnnxGraph.Microsoft, [wide, Vector(prefix + "intermediate.dense.bias")], [prefix + "activated"]);
            state = Normalized(prefix + "output.", activated, attended, 4 * hidden, layer == shape.Layers - 1 ? Output : null);
        }

        graph.Output(Output, hidden);
        graph.Save(path);

        string Normalized(string prefix, string input, string residual, int width, string? output = null)
        {
            var product = graph.Node("MatMul", string.Empty, [input, Matrix(prefix + "dense.weight", width, hidden)], [prefix + "product"]);
            return graph.Node(
                "SkipLayerNormalization", OnnxGraph.Microsoft,
                [product, residual, Vector(prefix + "LayerNorm.weight"), Vector(prefix + "LayerNorm.bias"), Vector(prefix + "dense.bias")],
                [output ?? prefix + "normalized"], Epsilon);
        }
    }

    private static float[] Transpose(float[] matrix, int rows, int columns)
    {
        var result = new float[matrix.Length];
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
                result[(column * rows) + row] = matrix[(row * columns) + column];
        }

        return result;
    }

    /// <summary>Square matrices beside one another.</summary>
    private static float[] Beside(float[][] matrices, int size)
    {
        var result = new float[matrices.Length * size * size];
        for (var i = 0; i < matrices.Length; i++)
        {
            for (var row = 0; row < size; row++)
                matrices[i].AsSpan(row * size, size).CopyTo(result.AsSpan(((row * matrices.Length) + i) * size));
        }

        return result;
    }
}
