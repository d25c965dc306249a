namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>A variable as a SavedModel describes it.</summary>
/// <param name="Name">Its name, without <c>:0</c>.</param>
/// <param name="TypeName">Its element type: <c>FLOAT</c>.</param>
/// <param name="Shape">Its dimensions; -1 for one that is not known.</param>
/// <param name="IsTrainable">Whether training changes it.</param>
internal sealed record SavedVariable(string Name, string TypeName, IReadOnlyList<long> Shape, bool IsTrainable);

/// <summary>An object of a SavedModel (SavedObject, tensorflow/core/protobuf/saved_object_graph.proto).</summary>
/// <param name="Children">Its edges.</param>
/// <param name="Identifier">What kind of object of Python's it was, such as <c>_tf_keras_network</c>; <c>null</c> for variables, functions and assets.</param>
/// <param name="Metadata">What Keras says of it, JSON; empty where it says nothing or says it in <c>keras_metadata.pb</c>.</param>
/// <param name="Variable">The variable that it is.</param>
/// <param name="Asset">The number of the file that it is.</param>
internal sealed record SavedObject(
    IReadOnlyList<ObjectReference> Children, string? Identifier, string Metadata, SavedVariable? Variable, long? Asset)
{
    /// <summary>Reads the objects of a graph (SavedObjectGraph); node 0 is the root.</summary>
    public static IReadOnlyList<SavedObject> ReadGraph(ProtobufMessage message)
    {
        var budget = new GraphBudget();
        return [.. budget.Count(message.MessagesOf(1)).Select(node => Read(node, budget))];
    }

    private static SavedObject Read(ProtobufMessage message, GraphBudget budget)
    {
        List<ObjectReference> children = [];
        string? identifier = null;
        string metadata = "";
        SavedVariable? variable = null;
        long? asset = null;
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    children.AddRange(budget.Count([message.Message()]).Select(ObjectReference.Read));
                    break;
                case 4:
                    var user = message.Message();
                    (identifier, metadata) = (user.TextOf(1), user.TextOf(3));
                    break;
                case 5:
                    asset = message.Message().IntegerOf(1);
                    break;
                case 7:
                    variable = ReadVariable(message.Message());
                    break;
            }
        }

        return new SavedObject(children, identifier, metadata, variable, asset);
    }

    private static SavedVariable ReadVariable(ProtobufMessage message) => new(
        message.TextOf(6),
        TensorFlowType.Of(message.IntegerOf(1)).Name,
        [.. message.MessagesOf(2).SelectMany(BundleEntry.Shape)],
        message.IntegerOf(3) != 0);
}
