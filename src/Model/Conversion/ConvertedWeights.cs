using System.Runtime.InteropServices;
using Engine.Model.Checkpoints;

namespace Engine.Model.Conversion;

/// <summary>
/// Streams a source's tensors into a safetensors file. One tensor of the source is in memory at a time; it is transposed, widened and narrowed a
/// part at a time on its way out.
/// </summary>
/// <param name="source">The source's tensors.</param>
/// <param name="progress">Told the number of bytes of the source after each part; may throw to stop.</param>
internal sealed class ConvertedWeights(ITensorSource source, Action<long> progress)
{
    // Small enough to stay in a core's cache between being transposed, hashed and written.
    private const int ElementsPerPart = 1 << 18;

    private byte[] loaded = [];
    private float[] widened = [];

    /// <summary>Writes the file's content.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="tensors">The tensors.</param>
    /// <param name="type">F32, F16 or BF16.</param>
    /// <exception cref="ModelException">A tensor is damaged, or holds a value that is too large for the type.</exception>
    public void Write(Stream stream, string path, IReadOnlyList<PlannedTensor> tensors, TensorType type)
    {
        loaded = GC.AllocateUninitializedArray<byte>(checked((int)tensors.Max(tensor => tensor.From.Entry.ByteCount)));
        SafetensorsWriter.Write(stream, path, tensors.Select(Source), type, ElementsPerPart);
    }

    private TensorSource Source(PlannedTensor tensor) => new(tensor.Name, tensor.Shape, (start, target) => Fill(tensor, start, target));

    private void Fill(PlannedTensor tensor, long start, Span<float> target)
    {
        var entry = tensor.From.Entry;
        var bytes = loaded.AsSpan(0, (int)entry.ByteCount);
        if (start == 0)
            source.Read(entry.Name, bytes);
        int width = TensorElements.Width(entry.Type)!.Value;
        if (tensor.IsTransposed)
        {
            var matrix = Matrix(bytes, entry, start == 0);
            MatrixTranspose.Fill(matrix, tensor.Shape[1], tensor.Shape[0], start, target);
        }
        else
        {
            TensorElements.Widen(bytes.Slice((int)start * width, target.Length * width), entry.Type, target);
        }

        progress((long)target.Length * width);
    }

    private ReadOnlySpan<float> Matrix(Span<byte> bytes, TensorEntry entry, bool isFirst)
    {
        if (entry.Type == TensorType.F32)
            return MemoryMarshal.Cast<byte, float>(bytes);
        if (widened.Length < entry.Count)
            widened = GC.AllocateUninitializedArray<float>((int)entry.Count);
        var values = widened.AsSpan(0, (int)entry.Count);
        if (isFirst)
            TensorElements.Widen(bytes, entry.Type, values);
        return values;
    }
}
