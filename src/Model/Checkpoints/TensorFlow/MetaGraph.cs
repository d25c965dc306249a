namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>A model for one purpose (MetaGraphDef, tensorflow/core/protobuf/meta_graph.proto).</summary>
/// <param name="Tags">The purpose: <c>serve</c>, <c>train</c>; none in the main graph of a module of TensorFlow 1.</param>
/// <param name="TensorFlowVersion">The version of TensorFlow that wrote it.</param>
/// <param name="AssetFiles">The names of the files under <c>assets/</c>, by their number.</param>
/// <param name="Objects">The objects; <c>null</c> where TensorFlow 1 wrote the model.</param>
/// <param name="Signatures">The names of the functions that it offers.</param>
/// <param name="IsLowerCase">What a TensorFlow 1 module's signature <c>tokenization_info</c> says of <c>do_lower_case</c>; <c>null</c> where nothing does.</param>
internal sealed record MetaGraph(
    IReadOnlyList<string> Tags,
    string TensorFlowVersion,
    IReadOnlyList<string> AssetFiles,
    IReadOnlyList<SavedObject>? Objects,
    IReadOnlyList<string> Signatures,
    bool? IsLowerCase)
{
    /// <summary>Reads a meta graph.</summary>
    public static MetaGraph Read(ProtobufMessage message)
    {
        List<string> tags = [], assets = [], collected = [];
        string version = "";
        IReadOnlyList<SavedObject>? objects = null;
        ProtobufMessage? graph = null;
        var signatures = new Dictionary<string, Signature>(StringComparer.Ordinal);
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    var info = message.Message();
                    version = info.TextOf(5);
                    tags.AddRange(info.TextsOf(4));
                    break;
                case 2:
                    graph = message.Message();
                    break;
                case 4:
                    collected.AddRange(AssetFile.ReadCollection(message.Message()));
                    break;
                case 5:
                    var signature = Signature.Read(message.Message());
                    signatures[signature.Name] = signature;
                    break;
                case 6:
                    assets.Add(AssetFile.Read(message.Message()));
                    break;
                case 7:
                    objects = SavedObject.ReadGraph(message.Message());
                    break;
            }
        }

        bool? isLowerCase = graph is not null && signatures.GetValueOrDefault("tokenization_info")?.Outputs.GetValueOrDefault("do_lower_case") is { } tensor
            ? GraphConstant.FindBoolean(graph, tensor)
            : null;
        return new MetaGraph(tags, version, assets.Count > 0 ? assets : collected, objects, [.. signatures.Keys], isLowerCase);
    }
}
