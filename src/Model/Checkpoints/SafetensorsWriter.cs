using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Engine.Model.Checkpoints;

/// <summary>One tensor to be written.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Shape">Its dimensions, row-major.</param>
/// <param name="Read">Gives the elements, a part at a time.</param>
public sealed record TensorSource(string Name, IReadOnlyList<int> Shape, TensorFill Read);

/// <summary>Fills a span with consecutive elements of a tensor, row-major.</summary>
/// <param name="start">The first element.</param>
/// <param name="target">As many elements as are wanted.</param>
public delegate void TensorFill(long start, Span<float> target);

/// <summary>
/// Writes a safetensors file, atomically, a part of a tensor at a time: values are produced when their turn comes, so that a model is never
/// held twice. The layout is what huggingface/safetensors itself writes: sorted by name, header padded with spaces to a multiple of 8 bytes.
/// </summary>
public static class SafetensorsWriter
{
    private const int ElementsPerPart = 1 << 22;

    /// <summary>Writes a file.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="tensors">The tensors, in any order.</param>
    /// <param name="type">F32, F16 or BF16; values are rounded to nearest even.</param>
    /// <exception cref="ModelException">The file cannot be written, or a value is too large for the type.</exception>
    public static void Write(string path, IEnumerable<TensorSource> tensors, TensorType type = TensorType.F32) =>
        AtomicFile.Write(path, stream => Write(stream, path, tensors, type));

    /// <summary>Writes a file's content to a stream.</summary>
    /// <param name="stream">The stream, from its place on.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="tensors">The tensors, in any order; each is asked for its elements once, from first to last.</param>
    /// <param name="type">F32, F16 or BF16; values are rounded to nearest even.</param>
    /// <param name="elementsPerPart">How many elements are in memory at a time.</param>
    /// <exception cref="ModelException">A value is too large for the type.</exception>
    internal static void Write(
        Stream stream, string path, IEnumerable<TensorSource> tensors, TensorType type, int elementsPerPart = ElementsPerPart)
    {
        int width = type switch
        {
            TensorType.F32 => 4,
            TensorType.F16 or TensorType.BF16 => 2,
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "expected F32, F16 or BF16"),
        };
        var sorted = tensors.OrderBy(t => t.Name, StringComparer.Ordinal).ToArray();
        byte[] header = Header(sorted, type, width);
        Span<byte> prefix = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)header.Length);
        stream.Write(prefix);
        stream.Write(header);
        var part = new float[sorted.Length == 0 ? 0 : (int)Math.Min(elementsPerPart, sorted.Max(Count))];
        foreach (var tensor in sorted)
        {
            long count = Count(tensor);
            for (long start = 0; start < count; start += part.Length)
                WritePart(stream, path, tensor, start, part.AsSpan(0, (int)Math.Min(part.Length, count - start)), type);
        }
    }

    private static byte[] Header(TensorSource[] tensors, TensorType type, int width)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            json.WriteString("format", "pt");
            json.WriteEndObject();
            long offset = 0;
            foreach (var tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", type.ToString());
                json.WriteStartArray("shape");
                foreach (int dimension in tensor.Shape)
                    json.WriteNumberValue(dimension);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(offset);
                offset += Count(tensor) * width;
                json.WriteNumberValue(offset);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        int padding = -buffer.WrittenCount & 7;
        buffer.GetSpan(padding)[..padding].Fill((byte)' ');
        buffer.Advance(padding);
        return buffer.WrittenSpan.ToArray();
    }

    private static long Count(TensorSource tensor) => tensor.Shape.Aggregate(1L, (product, dimension) => product * dimension);

    private static void WritePart(Stream stream, string path, TensorSource tensor, long start, Span<float> values, TensorType type)
    {
        tensor.Read(start, values);
        var bytes = MemoryMarshal.AsBytes(values);
        if (type != TensorType.F32)
        {
            // Narrowed in place: element i is read before bytes 2i and 2i + 1 are overwritten.
            int infinity = type == TensorType.F16 ? 0x7C00 : 0x7F80;
            for (int i = 0; i < values.Length; i++)
            {
                float value = values[i];
                ushort bits = type == TensorType.F16 ? BitConverter.HalfToUInt16Bits((Half)value) : ToBFloat16(value);
                if (float.IsFinite(value) && (bits & 0x7FFF) == infinity)
                {
                    throw new ModelException(
                        $"{path}: tensor \"{tensor.Name}\" holds {value}, expected a value that fits into {type}; write F32 instead");
                }

                BinaryPrimitives.WriteUInt16LittleEndian(bytes[(2 * i)..], bits);
            }

            bytes = bytes[..(2 * values.Length)];
        }

        stream.Write(bytes);
    }

    /// <summary>Rounds to nearest, ties to even; a NaN stays one.</summary>
    private static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
            return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
