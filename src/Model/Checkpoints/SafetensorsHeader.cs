using System.Buffers.Binary;
using System.Text.Json;
using Microsoft.Win32.SafeHandles;

namespace Engine.Model.Checkpoints;

/// <summary>The header of a safetensors file, checked against itself and against the file's length.</summary>
/// <param name="Tensors">The tensors by name.</param>
/// <param name="Metadata">The free-form strings.</param>
internal sealed record SafetensorsHeader(IReadOnlyDictionary<string, TensorEntry> Tensors, IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>The format's own limit on the header's length (safetensors/src/tensor.rs).</summary>
    public const long MaxHeaderBytes = 100_000_000;

    private const int PrefixBytes = 8;
    private const string Advice = "the file is damaged or not a safetensors file: get it again";

    /// <summary>Reads and checks a file's header.</summary>
    /// <exception cref="ModelException">The file is not a safetensors file, cut short or altered.</exception>
    public static SafetensorsHeader Read(string path, SafeFileHandle handle)
    {
        long fileLength = RandomAccess.GetLength(handle);
        Span<byte> prefix = stackalloc byte[PrefixBytes];
        prefix = prefix[..(int)Math.Min(PrefixBytes, fileLength)];
        CheckedFile.ReadExactly(path, handle, 0, prefix);
        if (prefix.Length < PrefixBytes)
            throw new ModelException($"{path}: has {fileLength} bytes, expected at least {PrefixBytes}; {Advice}");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > MaxHeaderBytes)
            throw new ModelException($"{path}: header length {length}, expected at most {MaxHeaderBytes}; {Advice}");
        if ((long)length + PrefixBytes > fileLength)
        {
            throw new ModelException(
                $"{path}: header of {length} bytes does not fit into the file's {fileLength}, expected at least {(long)length + PrefixBytes}; {Advice}");
        }

        var json = new byte[length];
        CheckedFile.ReadExactly(path, handle, PrefixBytes, json);
        return Parse(path, json, fileLength);
    }

    /// <summary>Parses and checks the JSON text.</summary>
    private static SafetensorsHeader Parse(string path, byte[] json, long fileLength)
    {
        long dataStart = PrefixBytes + json.Length;
        var tensors = new Dictionary<string, TensorEntry>(StringComparer.Ordinal);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        bool sawMetadata = false;
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new ModelException($"{path}: header is {document.RootElement.ValueKind}, expected a JSON object; {Advice}");
            foreach (var property in document.RootElement.EnumerateObject())
            {
                if (property.NameEquals("__metadata__"))
                {
                    if (sawMetadata)
                        throw new ModelException($"{path}: \"__metadata__\" appears twice, expected unique names; {Advice}");
                    sawMetadata = true;
                    ParseMetadata(path, property.Value, metadata);
                }
                else if (!tensors.TryAdd(property.Name, ParseTensor(path, property, dataStart, fileLength)))
                {
                    throw new ModelException($"{path}: tensor \"{property.Name}\" appears twice, expected unique names; {Advice}");
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new ModelException($"{path}: header is not valid JSON ({exception.Message}); {Advice}", exception);
        }

        CheckCoverage(path, tensors.Values, dataStart, fileLength);
        return new SafetensorsHeader(tensors, metadata);
    }

    private static void ParseMetadata(string path, JsonElement value, Dictionary<string, string> metadata)
    {
        if (value.ValueKind == JsonValueKind.Null)
            return;
        if (value.ValueKind != JsonValueKind.Object)
            throw new ModelException($"{path}: \"__metadata__\" is {value.ValueKind}, expected an object of strings; {Advice}");
        foreach (var item in value.EnumerateObject())
        {
            if (item.Value.ValueKind != JsonValueKind.String)
                throw new ModelException($"{path}: \"__metadata__\" entry \"{item.Name}\" is {item.Value.ValueKind}, expected a string; {Advice}");
            metadata[item.Name] = item.Value.GetString()!;
        }
    }

    private static TensorEntry ParseTensor(string path, JsonProperty property, long dataStart, long fileLength)
    {
        string name = property.Name;
        ModelException Wrong(string what) => new($"{path}: tensor \"{name}\" {what}; {Advice}");
        if (property.Value.ValueKind != JsonValueKind.Object)
            throw Wrong($"is {property.Value.ValueKind}, expected an object with dtype, shape and data_offsets");
        string? typeName = null;
        int[]? shape = null;
        long[]? offsets = null;
        foreach (var field in property.Value.EnumerateObject())
        {
            switch (field.Name)
            {
                case "dtype" when typeName is null && field.Value.ValueKind == JsonValueKind.String:
                    typeName = field.Value.GetString();
                    break;
                case "shape" when shape is null && field.Value.ValueKind == JsonValueKind.Array:
                    shape = [.. field.Value.EnumerateArray().Select(
                        d => d.ValueKind == JsonValueKind.Number && d.TryGetInt32(out int size) && size >= 0
                            ? size
                            : throw Wrong($"has dimension {d.GetRawText()}, expected an integer from 0 to {int.MaxValue}"))];
                    break;
                case "data_offsets" when offsets is null && field.Value.ValueKind == JsonValueKind.Array:
                    offsets = [.. field.Value.EnumerateArray().Select(
                        o => o.ValueKind == JsonValueKind.Number && o.TryGetInt64(out long offset) && offset >= 0
                            ? offset
                            : throw Wrong($"has data_offsets entry {o.GetRawText()}, expected an integer from 0"))];
                    break;
                default:
                    throw Wrong($"has an unknown, repeated or ill-typed field \"{field.Name}\", expected dtype, shape and data_offsets once each");
            }
        }

        if (typeName is null || shape is null || offsets is null || offsets.Length != 2)
            throw Wrong("lacks dtype, shape or two data_offsets, expected all three");
        var (type, bits) = TypeOf(typeName);
        if (bits == 0)
            throw Wrong($"has type {typeName}, expected a type of the format such as F32, F16 or BF16");
        long available = fileLength - dataStart;
        if (offsets[1] < offsets[0] || offsets[1] > available)
        {
            throw Wrong($"has data_offsets [{offsets[0]}, {offsets[1]}], expected an ascending pair within the file's {available} bytes of data");
        }

        UInt128 expected = (UInt128)bits;
        foreach (int dimension in shape)
        {
            expected *= (UInt128)dimension;
            if (expected > (UInt128)long.MaxValue)
                throw Wrong($"has shape {TensorEntry.Describe(shape)}, expected one that fits into the file");
        }

        if (expected != (UInt128)(offsets[1] - offsets[0]) * 8)
        {
            throw Wrong(
                $"has {offsets[1] - offsets[0]} bytes, expected {expected / 8} for {typeName} {TensorEntry.Describe(shape)}");
        }

        return new TensorEntry(name, type, typeName, shape, dataStart + offsets[0], offsets[1] - offsets[0]);
    }

    private static void CheckCoverage(string path, IEnumerable<TensorEntry> tensors, long dataStart, long fileLength)
    {
        long position = dataStart;
        TensorEntry? previous = null;
        foreach (var tensor in tensors.OrderBy(t => t.Offset).ThenBy(t => t.ByteCount))
        {
            if (tensor.Offset != position)
            {
                string relation = tensor.Offset < position ? "overlaps" : "leaves a gap after";
                string neighbour = previous is null ? "the header" : $"tensor \"{previous.Name}\"";
                throw new ModelException(
                    $"{path}: tensor \"{tensor.Name}\" {relation} {neighbour}: it starts at byte {tensor.Offset}, expected {position}; {Advice}");
            }

            position = tensor.Offset + tensor.ByteCount;
            previous = tensor;
        }

        if (position != fileLength)
            throw new ModelException($"{path}: has {fileLength} bytes, expected {position} by its header; {Advice}");
    }

    /// <summary>The type and its size in bits; 0 for a name that the format does not have.</summary>
    private static (TensorType Type, int Bits) TypeOf(string name) => name switch
    {
        "F32" => (TensorType.F32, 32),
        "F16" => (TensorType.F16, 16),
        "BF16" => (TensorType.BF16, 16),
        "F64" => (TensorType.F64, 64),
        "I64" => (TensorType.I64, 64),
        "I32" => (TensorType.I32, 32),
        "U8" => (TensorType.U8, 8),
        "BOOL" => (TensorType.Bool, 8),
        "I8" or "F8_E5M2" or "F8_E4M3" or "F8_E8M0" or "F8_E4M3FNUZ" or "F8_E5M2FNUZ" => (TensorType.Other, 8),
        "I16" or "U16" => (TensorType.Other, 16),
        "U32" => (TensorType.Other, 32),
        "U64" or "C64" => (TensorType.Other, 64),
        "F4" => (TensorType.Other, 4),
        "F6_E2M3" or "F6_E3M2" => (TensorType.Other, 6),
        _ => (TensorType.Other, 0),
    };
}
