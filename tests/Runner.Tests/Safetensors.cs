using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Engine.Runner.Tests;

/// <summary>A plain reader of safetensors files, of its own so that it shares nothing with the program's; it also damages them.</summary>
internal static class Safetensors
{
    public static Dictionary<string, byte[]> Read(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        using JsonDocument header = JsonDocument.Parse(bytes.AsMemory(8, length));
        return header.RootElement.EnumerateObject().Where(entry => entry.Name != "__metadata__").ToDictionary(entry => entry.Name, entry =>
        {
            JsonElement offsets = entry.Value.GetProperty("data_offsets");
            return bytes[(8 + length + offsets[0].GetInt32())..(8 + length + offsets[1].GetInt32())];
        });
    }

    /// <summary>Where a tensor's bytes begin and end in the file.</summary>
    public static (int Start, int End) PlaceOf(string path, string name)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        using JsonDocument header = JsonDocument.Parse(bytes.AsMemory(8, length));
        JsonElement offsets = header.RootElement.GetProperty(name).GetProperty("data_offsets");
        return (8 + length + offsets[0].GetInt32(), 8 + length + offsets[1].GetInt32());
    }

    /// <summary>Writes a file again with another header before the same data.</summary>
    public static void EditHeader(string path, Action<JsonObject> edit)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        JsonObject header = JsonNode.Parse(bytes.AsSpan(8, length))!.AsObject();
        edit(header);
        byte[] edited = Encoding.UTF8.GetBytes(header.ToJsonString());
        byte[] size = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(size, edited.Length);
        File.WriteAllBytes(path, [.. size, .. edited, .. bytes.AsSpan(8 + length)]);
    }
}
