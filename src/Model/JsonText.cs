using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Engine.Model.Checkpoints;

namespace Engine.Model;

/// <summary>Reads and writes files of JSON.</summary>
internal static class JsonText
{
    private const int MaxBytes = 64 << 20;

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
        var bytes = CheckedFile.ReadWhole(path, MaxBytes);
        try
        {
            return Parse(bytes) as JsonObject
                ?? throw new ModelException($"{path}: is not a JSON object, expected {what}");
        }
        catch (JsonException exception)
        {
            throw new ModelException($"{path}: cannot be read as JSON ({exception.Message}); expected {what}", exception);
        }
    }

    /// <summary>Parses a text, all of it at once: names that come twice and strings that are no Unicode would else surface only when they are looked at.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
                    _ = reader.GetString();
            }
        }
        catch (InvalidOperationException exception)
        {
            throw new JsonException(exception.Message, exception);
        }

        return JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false });
    }

    /// <summary>Writes an object, indented, atomically.</summary>
    /// <exception cref="ModelException">The file cannot be written.</exception>
    public static void Write(string path, JsonObject json) => AtomicFile.Write(path, stream => stream.Write(Utf8(json)));

    /// <summary>An object as an indented text with a line feed at its end.</summary>
    public static byte[] Utf8(JsonObject json) => System.Text.Encoding.UTF8.GetBytes(json.ToJsonString(Indented) + "\n");
}
