namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>The names of a model's files under <c>assets/</c> (AssetFileDef), as TensorFlow 2 and TensorFlow 1 list them.</summary>
internal static class AssetFile
{
    /// <summary>Reads the name of one file.</summary>
    /// <exception cref="InvalidDataException">It leads out of the folder.</exception>
    public static string Read(ProtobufMessage message)
    {
        string name = message.TextOf(2);
        bool leadsOut = name.Length == 0 || Path.IsPathRooted(name) || name.AsSpan().ContainsAny('\\', ':', '\0') || name.Split('/').Contains("..");
        return leadsOut ? throw new InvalidDataException($"its asset \"{name}\" is not the name of a file under assets/") : name;
    }

    /// <summary>Reads an entry of a graph's collections: the names of the files where it is that of the files, else none.</summary>
    public static IEnumerable<string> ReadCollection(ProtobufMessage entry)
    {
        if (entry.TextOf(1) != "saved_model_assets")
            return [];

        // CollectionDef.any_list (5), its values (1), and of each the packed message (2).
        return entry.MessagesOf(2)
            .SelectMany(value => value.MessagesOf(5))
            .SelectMany(list => list.MessagesOf(1))
            .SelectMany(any => any.MessagesOf(2))
            .Select(Read);
    }
}
