using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Engine.Model.Checkpoints;

/// <summary>One tensor to be written.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Shape">Its dimensions, row-major.</param>
/// <param name="Read">Fills a span of exactly the tensor's elements.</param>
public sealed record TensorSource(string Name, IReadOnlyList<int> Shape, TensorFill Read);

/// <summary>Fills a span with a tensor's elements, row-major.</summary>
/// <param name="target">Exactly as many elements as the tensor has.</param>
public delegate void TensorFill(Span<float> target);

/// <summary>
/// Writes a safetensors file, atomically, one tensor at a time: tensors are produced when their turn comes, so that a model is never held
/// twice. The layout is what huggingface/safetensors itself writes: sorted by name, header padded with spaces to a multiple of 8 bytes.
/// </summary>
public static class SafetensorsWriter
{
    /// <summary>Writes a file.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <param name="tensors">The tensors, in any order.</param>
    /// <param name="type">F32, F16 or BF16; values are rounded to nearest even.</param>
    /// <exception cref="ModelException">The file cannot be written, or a value is too large for the type.</exception>
    public static void Write(string path, IEnumerable<TensorSource> tensors, TensorType type = TensorType.F32)
    {
        int width = type switch
        {
            TensorType.F32 => 4,
            TensorType.F16 or TensorType.BF16 => 2,
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "expected F32, F16 or BF16"),
        };
        var sorted = tensors.OrderBy(t => t.Name, StringComparer.Ordinal).ToArray();
        byte[] header = Header(sorted, type, width);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> prefix = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)header.Length);
            stream.Write(prefix);
            stream.Write(header);
            foreach (var tensor in sorted)
                WriteTensor(stream, path, tensor, type, width);
        });
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

    private static void WriteTensor(Stream stream, string path, TensorSource tensor, TensorType type, int width)
    {
        int count = checked((int)Count(tensor));
        float[] values = ArrayPool<float>.Shared.Rent(count);
        try
        {
            var span = values.AsSpan(0, count);
            tensor.Read(span);
            if (width == 4)
            {
                stream.Write(MemoryMarshal.AsBytes(span));
                return;
            }

            // Narrowed in place: element i is read before bytes 2i and 2i + 1 are overwritten.
            var narrow = MemoryMarshal.AsBytes(span)[..(2 * count)];
            for (int i = 0; i < count; i++)
            {
                ushort bits = type == TensorType.F16 ? BitConverter.HalfToUInt16Bits((Half)span[i]) : ToBFloat16(span[i]);
                if (float.IsFinite(span[i]) && (bits & 0x7FFF) == (type == TensorType.F16 ? 0x7C00 : 0x7F80))
                {
                    throw new ModelException(
                        $"{path}: tensor \"{tensor.Name}\" holds {span[i]}, expected a value that fits into {type}; write F32 instead");
                }

                BinaryPrimitives.WriteUInt16LittleEndian(narrow[(2 * i)..], bits);
            }

            stream.Write(narrow);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(values);
        }
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
