using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Engine.Model.Checkpoints;

/// <summary>
/// Reads a safetensors file (huggingface/safetensors, README section "Format"): 8 bytes length of the header, the header as JSON, the
/// tensors' bytes without gaps. Only the header is kept in memory; elements are read when they are asked for.
/// </summary>
/// <remarks>
/// The header is not trusted: length, names, types, shapes and offsets are checked against one another and against the file's length before
/// anything is read, so that a truncated or altered file is one clear error.
/// </remarks>
public sealed class SafetensorsFile : ITensorSource
{
    private const int BytesPerPart = 1 << 16;

    private readonly SafeFileHandle handle;
    private readonly SafetensorsHeader header;

    private SafetensorsFile(string path, SafeFileHandle handle, SafetensorsHeader header)
    {
        Path = path;
        this.handle = handle;
        this.header = header;
    }

    /// <summary>The file's path, for messages.</summary>
    public string Path { get; }

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Tensors => header.Tensors;

    /// <summary>The header's free-form strings, for example <c>format: pt</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata => header.Metadata;

    /// <summary>Opens a file and checks its header.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelException">The file is missing, not a safetensors file, cut short or altered.</exception>
    public static SafetensorsFile Open(string path)
    {
        var handle = CheckedFile.Open(path);
        try
        {
            return new SafetensorsFile(path, handle, SafetensorsHeader.Read(path, handle));
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Copies consecutive elements of a tensor of any float type out as single precision.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="first">The first element.</param>
    /// <param name="target">As many elements as are wanted.</param>
    /// <exception cref="ModelException">There is no such tensor, or its type is not F32, F16, BF16 or F64.</exception>
    public void ReadFloats(string name, long first, Span<float> target)
    {
        var entry = Find(name);
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(first + target.Length, entry.Count);
        int width = TensorElements.Width(entry.Type) ?? throw new ModelException(
            $"{Path}: tensor \"{name}\" has type {entry.TypeName}, expected F32, F16, BF16 or F64; convert the weights to one of these");
        if (entry.Type == TensorType.F32)
        {
            ReadBytes(entry, first * width, MemoryMarshal.AsBytes(target));
            return;
        }

        var part = new byte[(int)Math.Min(BytesPerPart, (long)target.Length * width)];
        for (int start = 0; start < target.Length; start += BytesPerPart / width)
        {
            var values = target.Slice(start, Math.Min(BytesPerPart / width, target.Length - start));
            var bytes = part.AsSpan(0, values.Length * width);
            ReadBytes(entry, (first + start) * width, bytes);
            TensorElements.Widen(bytes, entry.Type, values);
        }
    }

    /// <summary>Copies a tensor of any float type out as single precision.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="ModelException">There is no such tensor, or its type is not F32, F16, BF16 or F64.</exception>
    public float[] ReadFloats(string name)
    {
        var values = new float[Find(name).Count];
        ReadFloats(name, 0, values);
        return values;
    }

    /// <summary>Copies a tensor of integers (I64, I32 or U8) out.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <exception cref="ModelException">There is no such tensor, its type is not an integer, or a value exceeds 32 bits.</exception>
    public int[] ReadIntegers(string name)
    {
        var entry = Find(name);
        ReadOnlySpan<byte> bytes = ReadBytes(entry);
        var values = new int[entry.Count];
        for (int i = 0; i < values.Length; i++)
        {
            long value = entry.Type switch
            {
                TensorType.I64 => BinaryPrimitives.ReadInt64LittleEndian(bytes[(8 * i)..]),
                TensorType.I32 => BinaryPrimitives.ReadInt32LittleEndian(bytes[(4 * i)..]),
                TensorType.U8 => bytes[i],
                _ => throw new ModelException($"{Path}: tensor \"{name}\" has type {entry.TypeName}, expected I64, I32 or U8"),
            };
            if (value is < int.MinValue or > int.MaxValue)
                throw new ModelException($"{Path}: tensor \"{name}\" holds {value} at {i}, expected a 32-bit integer");
            values[i] = (int)value;
        }

        return values;
    }

    /// <summary>Copies a whole tensor of any type out, as its bytes lie in the file.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="target">As many bytes as the tensor has.</param>
    /// <exception cref="ModelException">There is no such tensor, or it cannot be read.</exception>
    public void Read(string name, Span<byte> target)
    {
        var entry = Find(name);
        ArgumentOutOfRangeException.ThrowIfNotEqual(target.Length, entry.ByteCount);
        ReadBytes(entry, 0, target);
    }

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();

    private TensorEntry Find(string name) =>
        Tensors.TryGetValue(name, out var entry)
            ? entry
            : throw new ModelException($"{Path}: tensor \"{name}\" is missing; expected one of {Tensors.Count} tensors of a BERT");

    private byte[] ReadBytes(TensorEntry entry)
    {
        var bytes = new byte[entry.ByteCount];
        ReadBytes(entry, 0, bytes);
        return bytes;
    }

    private void ReadBytes(TensorEntry entry, long offset, Span<byte> target) =>
        CheckedFile.ReadExactly(Path, handle, entry.Offset + offset, target);
}
