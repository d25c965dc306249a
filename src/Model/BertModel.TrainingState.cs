using Engine.Model.Checkpoints;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Model;

/// <content>What a run that is continued needs of a model: trained parameters and the optimizer's moments.</content>
public sealed partial class BertModel
{
    private const int ElementsPerPart = 1 << 20;

    /// <summary>
    /// The trained parameters and both moments, each as one row of <see cref="ParameterLayout.TrainedLength"/> elements in the order of the arena, so that
    /// what is read back has the same bits and costs no transposition.
    /// </summary>
    internal IEnumerable<TensorSource> TrainedArrays() => Arrays().Select(array => new TensorSource(array.Name, [arena.Layout.TrainedLength], (start, target) =>
    {
        array.View.SubView(start, target.Length).CopyToCPU(device.Stream, target);
        device.Synchronize();
    }));

    /// <summary>Puts back what <see cref="TrainedArrays"/> gave.</summary>
    /// <param name="file">A file with these arrays.</param>
    /// <exception cref="ModelException">The file lacks one, or it is that of another model.</exception>
    internal void RestoreTrainedArrays(SafetensorsFile file)
    {
        foreach (var (name, view) in Arrays())
        {
            CheckTrainedLength(file, name);
            var part = new float[Math.Min(ElementsPerPart, arena.Layout.TrainedLength)];
            for (int start = 0; start < arena.Layout.TrainedLength; start += part.Length)
            {
                var values = part.AsSpan(0, Math.Min(part.Length, arena.Layout.TrainedLength - start));
                file.ReadFloats(name, start, values);
                view.SubView(start, values.Length).CopyFromCPU(device.Stream, values);
                device.Synchronize();
            }
        }
    }

    /// <summary>Reads a snapshot that was saved as an array of a file.</summary>
    /// <exception cref="ModelException">The file lacks it, or it is that of another model.</exception>
    internal ParameterSnapshot ReadSnapshot(SafetensorsFile file, string name)
    {
        CheckTrainedLength(file, name);
        return new ParameterSnapshot(file.ReadFloats(name));
    }

    private (string Name, ArrayView<float> View)[] Arrays() =>
    [
        ("parameters", arena.Parameters.SubView(0, arena.Layout.TrainedLength)), ("first_moment", arena.FirstMoment), ("second_moment", arena.SecondMoment),
    ];

    private void CheckTrainedLength(SafetensorsFile file, string name)
    {
        long? found = file.Tensors.TryGetValue(name, out var entry) ? entry.Count : null;
        if (found != arena.Layout.TrainedLength)
        {
            throw new ModelException(
                $"{file.Path}: tensor \"{name}\" {(found is null ? "is missing" : $"has {found} elements")}, expected {arena.Layout.TrainedLength} elements of this model");
        }
    }
}
