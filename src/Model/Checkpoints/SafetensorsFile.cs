using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Engine.Model.Checkpoints;

/// <summary>
/// Reads a safetensors file (huggingface/safetensors, README section "Format"): 8 bytes length of the header, the header as JSON, the
/// tensors' bytes without gaps. The file is mapped, so that a tensor costs memory only while it is copied out.
/// </summary>
/// <remarks>
/// The header is not trusted: length, names, types, shapes and offsets are checked against one another and against the file's length before
/// anything is read, so that a truncated or altered file is one clear error.
/// </remarks>
public sealed unsafe class SafetensorsFile : IDisposable
{
    private readonly MemoryMappedFile map;
    private readonly MemoryMappedViewAccessor view;
    private readonly byte* start;
    private readonly SafetensorsHeader header;

    private SafetensorsFile(string path, MemoryMappedFile map, MemoryMappedViewAccessor view, byte* start, SafetensorsHeader header)
    {
        Path = path;
        this.map = map;
        this.view = view;
        this.start = start;
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
        byte[] json;
        long length;
        MemoryMappedFile? map = null;
        MemoryMappedViewAccessor? view = null;
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            length = stream.Length;
            json = SafetensorsHeader.ReadJson(path, stream);
            var header = SafetensorsHeader.Parse(path, json, length);
            map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
            byte* pointer = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
            return new SafetensorsFile(path, map, view, pointer + view.PointerOffset, header);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            view?.Dispose();
            map?.Dispose();
            throw new ModelException($"{path}: cannot be read ({exception.Message}); check the path and the permissions", exception);
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
        var bytes = entry.Type is TensorType.F32 or TensorType.F16 or TensorType.BF16 or TensorType.F64
            ? Bytes(entry, first, target.Length)
            : throw new ModelException(
                $"{Path}: tensor \"{name}\" has type {entry.TypeName}, expected F32, F16, BF16 or F64; convert the weights to one of these");
        switch (entry.Type)
        {
            case TensorType.F32:
                bytes.CopyTo(MemoryMarshal.AsBytes(target));
                break;
            case TensorType.F16:
                for (int i = 0; i < target.Length; i++)
                    target[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * i)..]);
                break;
            case TensorType.BF16:
                for (int i = 0; i < target.Length; i++)
                    target[i] = BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]) << 16);
                break;
            default:
                for (int i = 0; i < target.Length; i++)
                    target[i] = (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes[(8 * i)..]);
                break;
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
        var bytes = Bytes(entry, 0, checked((int)entry.Count));
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

    /// <inheritdoc/>
    public void Dispose()
    {
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        map.Dispose();
    }

    private TensorEntry Find(string name) =>
        Tensors.TryGetValue(name, out var entry)
            ? entry
            : throw new ModelException($"{Path}: tensor \"{name}\" is missing; expected one of {Tensors.Count} tensors of a BERT");

    private ReadOnlySpan<byte> Bytes(TensorEntry entry, long first, int count)
    {
        if (entry.Count == 0)
            return [];
        long width = entry.ByteCount / entry.Count;
        return new ReadOnlySpan<byte>(start + entry.Offset + first * width, checked((int)(count * width)));
    }
}
