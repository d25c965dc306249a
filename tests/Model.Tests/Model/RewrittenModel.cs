using Engine.Model.Checkpoints;
using Engine.Model.Tests.Data;

namespace Engine.Model.Tests.Model;

/// <summary>Model folders as other programs might have written them.</summary>
internal static class RewrittenModel
{
    /// <summary>Writes a model with other names and another type; a null name leaves a tensor out.</summary>
    /// <param name="source">The model.</param>
    /// <param name="folder">Receives configuration and weights.</param>
    /// <param name="type">What numbers are written as.</param>
    /// <param name="rename">A tensor's new name.</param>
    /// <param name="more">Further tensors.</param>
    public static void Write(string source, TemporaryFolder folder, TensorType type, Func<string, string?> rename, params TensorSource[] more)
    {
        File.Copy(Path.Combine(source, "config.json"), folder.File("config.json"), overwrite: true);
        using var file = SafetensorsFile.Open(Path.Combine(source, "model.safetensors"));
        SafetensorsWriter.Write(
            folder.File("model.safetensors"),
            file.Tensors.Values.Where(entry => rename(entry.Name) is not null).Select(entry => new TensorSource(
                rename(entry.Name)!, entry.Shape, (start, target) => file.ReadFloats(entry.Name, start, target))).Concat(more),
            type);
    }
}
