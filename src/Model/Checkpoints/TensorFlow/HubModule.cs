namespace Engine.Model.Checkpoints.TensorFlow;

/// <summary>Reads <c>tfhub_module.pb</c>, which marks a folder as a module of TensorFlow 1's hub (ModuleDef, tensorflow_hub/module_def.proto).</summary>
internal static class HubModule
{
    /// <summary>The name of the file in a module's folder.</summary>
    public const string FileName = "tfhub_module.pb";

    private const long SavedModelFormat = 3;
    private const int MaxBytes = 1 << 16;

    /// <summary>Checks that a module is one that lies in its folder as a SavedModel.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelException">It cannot be read, or the module has another form.</exception>
    public static void Check(string path)
    {
        long format = ProtobufMessage.Parse(path, "it", CheckedFile.ReadWhole(path, MaxBytes), message => message.IntegerOf(1));
        if (format != SavedModelFormat)
            throw new ModelException($"{path}: the module has format {format}, expected {SavedModelFormat} (a SavedModel beside it); get the module again");
    }
}
