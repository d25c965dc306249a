using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Engine.Model;

/// <summary>Reads and writes files of JSON.</summary>
internal static class JsonText
{
    private static readonly JsonSerializerOptions Indented = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Reads a file that holds one object.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What it should be, for the error: "a BERT's configuration".</param>
    /// <exception cref="ModelException">It cannot be read, is not JSON or no object, or has a name twice.</exception>
    public static JsonObject ReadObject(string path, string what)
    {
        try
        {
            var json = JsonNode.Parse(File.ReadAllBytes(path)) as JsonObject
                ?? throw new ModelException($"{path}: is not a JSON object, expected {what}");

            // Repeated names surface only when the object is looked into: force it here.
            _ = json.Count;
            return json;
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ModelException($"{path}: cannot be read as JSON ({exception.Message}); expected {what}", exception);
        }
    }

    /// <summary>Writes an object, indented, atomically.</summary>
    /// <exception cref="ModelException">The file cannot be written.</exception>
    public static void Write(string path, JsonObject json) => AtomicFile.Write(path, stream => stream.Write(Utf8(json)));

    /// <summary>An object as an indented text with a line feed at its end.</summary>
    public static byte[] Utf8(JsonObject json) => System.Text.Encoding.UTF8.GetBytes(json.ToJsonString(Indented) + "\n");
}
