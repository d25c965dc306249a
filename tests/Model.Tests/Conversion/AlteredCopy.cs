using System.Text.Json.Nodes;
using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Conversion.Verification;
using Engine.Model.Tests.Data;

namespace Engine.Model.Tests.Conversion;

/// <summary>A copy of tests/fixtures/models/tanh that stands for a conversion of it, with whatever faults a test puts in.</summary>
internal sealed class AlteredCopy : IDisposable
{
    private static readonly string Original = Fixtures.At("models", "tanh");

    private readonly TemporaryFolder folder = new();
    private readonly TensorType type;
    private readonly JsonObject configuration = (JsonObject)JsonNode.Parse(File.ReadAllBytes(Path.Combine(Original, BertConfiguration.FileName)))!;
    private readonly Dictionary<string, IReadOnlyList<int>> shapes;

    public AlteredCopy(TensorType type)
    {
        this.type = type;
        WrittenType = type;
        using var file = SafetensorsFile.Open(Path.Combine(Original, ModelFolder.WeightsName));
        shapes = file.Tensors.Values.ToDictionary(tensor => tensor.Name, tensor => tensor.Shape);
        Weights = shapes.Keys.ToDictionary(name => name, file.ReadFloats);
    }

    /// <summary>The shape of the original.</summary>
    public BertConfiguration Configuration { get; } = BertConfiguration.Load(Original);

    /// <summary>What is written.</summary>
    public Dictionary<string, float[]> Weights { get; }

    /// <summary>The type that it is written in, whatever the check is told.</summary>
    public TensorType WrittenType { get; set; }

    /// <summary>Changes a field of <c>config.json</c>.</summary>
    public void Set(string field, object value) => configuration[field] = JsonValue.Create(value);

    /// <summary>Writes the copy and compares it with the original.</summary>
    public IReadOnlyList<VerifiedOutput> Compare(ModelDevices devices)
    {
        File.WriteAllText(Path.Combine(folder.Path, BertConfiguration.FileName), configuration.ToJsonString());
        SafetensorsWriter.Write(
            Path.Combine(folder.Path, ModelFolder.WeightsName),
            Weights.Select(pair => new TensorSource(pair.Key, shapes[pair.Key], (start, target) => pair.Value.AsSpan((int)start, target.Length).CopyTo(target))),
            WrittenType);
        using var source = SafetensorsFile.Open(Path.Combine(Original, ModelFolder.WeightsName));
        var names = source.Tensors.Keys.Select(name => KeyValuePair.Create(name, name)).ToArray();
        return ConversionVerification.Compare(source, names, new ReferenceSettings(3, GeluForm.Tanh), folder.Path, devices.Get("cpu"), type, 1);
    }

    public void Dispose() => folder.Dispose();
}
