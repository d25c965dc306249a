using Engine.Model.Checkpoints;

namespace Engine.Model.Tests.Conversion;

/// <summary>The tensors of a safetensors file as the reference reads a source's: all of them in memory, so that a test can alter them.</summary>
internal sealed class SafetensorsSource : ITensorSource
{
    private readonly Dictionary<string, TensorEntry> tensors;
    private readonly byte[] bytes;

    public SafetensorsSource(string path)
    {
        Path = path;
        bytes = File.ReadAllBytes(path);
        using var file = SafetensorsFile.Open(path);
        tensors = file.Tensors.ToDictionary();
    }

    public string Path { get; }

    public IReadOnlyDictionary<string, TensorEntry> Tensors => tensors;

    public void Read(string name, Span<byte> target) => bytes.AsSpan((int)tensors[name].Offset, (int)tensors[name].ByteCount).CopyTo(target);

    public void Dispose()
    {
    }
}
