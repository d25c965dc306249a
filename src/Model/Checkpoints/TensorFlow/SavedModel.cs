namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>
/// What a <c>saved_model.pb</c> says of a model (SavedModel, tensorflow/core/protobuf/saved_model.proto): its objects, its files, and of the graph only
/// what a conversion asks for.
/// </summary>
/// <param name="Path">The file.</param>
/// <param name="MetaGraphs">The model for each of its purposes: TensorFlow 2 has one, for serving; modules of TensorFlow 1 have one for training besides.</param>
internal sealed record SavedModel(string Path, IReadOnlyList<MetaGraph> MetaGraphs)
{
    /// <summary>The name of the file in a SavedModel's folder.</summary>
    public const string FileName = "saved_model.pb";

    private const int MaxBytes = 512 << 20; // that of BERT-Large has 20 MB
    private const int MaxMetaGraphs = 100;

    /// <summary>The model as it is used after training: the one for serving, or else one that is not for training.</summary>
    public MetaGraph Inference =>
        MetaGraphs.FirstOrDefault(graph => graph.Tags.Contains("serve"))
        ?? MetaGraphs.FirstOrDefault(graph => !graph.Tags.Contains("train"))
        ?? MetaGraphs[0];

    /// <summary>Reads a file.</summary>
    /// <param name="path">The <c>saved_model.pb</c>.</param>
    /// <exception cref="ModelException">It is missing, not a SavedModel, or damaged.</exception>
    public static SavedModel Read(string path)
    {
        var graphs = ProtobufMessage.Parse(path, "it", CheckedFile.ReadWhole(path, MaxBytes), ReadMetaGraphs);
        return graphs.Count > 0
            ? new SavedModel(path, graphs)
            : throw new ModelException($"{path}: holds no model, expected a SavedModel's meta graph; the file is cut short or of another kind: get it again");
    }

    private static List<MetaGraph> ReadMetaGraphs(ProtobufMessage message)
    {
        var graphs = new List<MetaGraph>();
        while (message.Next())
        {
            if (message.Field != 2)
                continue;
            if (graphs.Count == MaxMetaGraphs)
                throw new InvalidDataException($"it has more than {MaxMetaGraphs} meta graphs");
            graphs.Add(MetaGraph.Read(message.Message()));
        }

        return graphs;
    }
}
