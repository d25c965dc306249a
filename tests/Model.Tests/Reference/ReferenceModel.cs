using Engine.Compute;
using Engine.Model.Checkpoints;

namespace Engine.Model.Tests.Reference;

/// <summary>One of the small models of tests/fixtures/models with what PyTorch computed for it in double precision.</summary>
internal sealed class ReferenceModel : IDisposable
{
    private static readonly string[] Labels = ["a", "b", "c"];

    private readonly string name;

    public ReferenceModel(string name)
    {
        this.name = name;
        Folder = Fixtures.At("models", name);
        Weights = SafetensorsFile.Open(Path.Combine(Folder, "model.safetensors"));
        Reference = SafetensorsFile.Open(Path.Combine(Folder, "reference.safetensors"));
        Shape = Reference.Tensors["in.input_ids"].Shape;
        Lengths = [.. Reference.ReadIntegers("in.attention_mask").Chunk(Shape[1]).Select(row => row.Sum())];
    }

    public string Folder { get; }

    public SafetensorsFile Weights { get; }

    public SafetensorsFile Reference { get; }

    /// <summary>[sequences, padded length] of the reference's arrays.</summary>
    public IReadOnlyList<int> Shape { get; }

    public int[] Lengths { get; }

    /// <summary>The model with the head of a task ("bce": sigmoid on [CLS], "softmax": three classes on the pooled output).</summary>
    public BertModel Load(ComputeDevice device, string task, TrainedPart trained)
    {
        var head = task == "bce" ? new HeadOptions(HeadKind.ClsSigmoid, Labels[..2]) : new HeadOptions(HeadKind.PooledSoftmax, Labels);
        var model = BertModel.Load(device, Folder, head, 1, new BatchLimits(Lengths.Sum(), Lengths.Length), trained);
        model.WriteParameter(HeadTensor(task) + ".weight", Weights.ReadFloats($"{task}.classifier.weight"));
        model.WriteParameter(HeadTensor(task) + ".bias", Weights.ReadFloats($"{task}.classifier.bias"));
        return model;
    }

    /// <summary>The reference's batch without its padding.</summary>
    public PackedBatch Batch(string? task)
    {
        int[] labels = task switch
        {
            "bce" => [.. Reference.ReadFloats("bce.labels").Select(label => (int)label)],
            "softmax" => Reference.ReadIntegers("softmax.labels"),
            _ => [],
        };
        int[] offsets = [0, .. Lengths.Select((_, i) => Lengths[..(i + 1)].Sum())];
        return new PackedBatch(Pack(Reference.ReadIntegers("in.input_ids"), 1), Pack(Reference.ReadIntegers("in.token_type_ids"), 1), offsets, labels);
    }

    /// <summary>Rows of a padded [sequences, length, width] array that are not padding.</summary>
    public T[] Pack<T>(T[] padded, int width) =>
        [.. padded.Chunk(Shape[1] * width).SelectMany((row, i) => row.Take(Lengths[i] * width))];

    /// <summary>The reference's gradients, or other tensors below a prefix, by the names that the model gives its tensors.</summary>
    public Dictionary<string, float[]> Tensors(string prefix, string task) =>
        Reference.Tensors.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary(
            key => ModelName(key[prefix.Length..], task), Reference.ReadFloats);

    public override string ToString() => name;

    public void Dispose()
    {
        Weights.Dispose();
        Reference.Dispose();
    }

    private static string HeadTensor(string task) => task == "bce" ? "engine.head" : "classifier";

    private static string ModelName(string name, string task) =>
        name.StartsWith("classifier", StringComparison.Ordinal) ? HeadTensor(task) + name["classifier".Length..] : name["bert.".Length..];
}
