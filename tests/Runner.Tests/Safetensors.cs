using System.Buffers.Binary;
using System.Text.Json;

namespace Engine.Runner.Tests;

/// <summary>A plain reader of safetensors files, of its own so that it shares nothing with the program's.</summary>
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
}
