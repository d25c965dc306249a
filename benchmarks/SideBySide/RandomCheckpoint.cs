using Engine.Model;
using Engine.Model.Checkpoints;

namespace Engine.Benchmarks.SideBySide;

/// <summary>A model folder with random weights, deleted in the end. Speed does not depend on what the weights are.</summary>
internal sealed class RandomCheckpoint : IDisposable
{
    /// <summary>Standard deviation of a uniform distribution over [-1/2, 1/2).</summary>
    private const float UniformDeviation = 0.288675135f;

    /// <summary>Writes the folder.</summary>
    /// <param name="configuration">The model's shape.</param>
    /// <exception cref="ModelException">It cannot be written.</exception>
    public RandomCheckpoint(BertConfiguration configuration)
    {
        Folder = Directory.CreateTempSubdirectory("engine-benchmarks-").FullName;
        try
        {
            configuration.Save(Folder);
            var layout = new ParameterLayout(configuration, null, hasPooler: false, TrainedPart.Nothing);
            var random = new Random(1);
            SafetensorsWriter.Write(
                Path.Combine(Folder, "model.safetensors"),
                layout.Tensors.Select(tensor => new TensorSource(tensor.Name, tensor.Shape, (_, target) => Fill(tensor, configuration, random, target))),
                TensorType.BF16);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Gets the folder.</summary>
    public string Folder { get; }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static void Fill(ParameterTensor tensor, BertConfiguration configuration, Random random, Span<float> target)
    {
        // Vectors are biases and layer-norm's two: 0, or 1 for its scale.
        if (tensor.Shape.Count == 1)
        {
            target.Fill(tensor.Name.EndsWith("LayerNorm.weight", StringComparison.Ordinal) ? 1f : 0f);
            return;
        }

        foreach (ref var value in target)
            value = (random.NextSingle() - 0.5f) * (configuration.InitializerRange / UniformDeviation);
    }
}
