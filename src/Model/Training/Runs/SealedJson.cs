using System.IO.Hashing;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Engine.Model.Checkpoints;
using Engine.Model.Conversion;

namespace Engine.Model.Training.Runs;

/// <summary>
/// Files of JSON that carry their own hash: the last field is the XXH128 of the file with zeros in the hash's place, so that a changed byte is noticed
/// before anything is believed.
/// </summary>
internal static class SealedJson
{
    private const int MaxBytes = 256 << 20;
    private const int Digits = 32;
    private const string Opening = $"\"{ConversionRecord.HashName}\": \"";

    private static readonly string Zeros = new('0', Digits);

    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>Writes a file into a folder that nobody reads yet, flushed.</summary>
    /// <exception cref="ModelException">It cannot be written.</exception>
    public static void Write<T>(string folder, string name, T record)
    {
        JsonObject json = JsonSerializer.SerializeToNode(record, Options)!.AsObject();
        json[ConversionRecord.HashName] = Zeros;
        byte[] bytes = Encoding.UTF8.GetBytes(json.ToJsonString(Options) + "\n");
        int place = PlaceOfHash(bytes);
        Encoding.UTF8.GetBytes(Hash(bytes), bytes.AsSpan(place, Digits));
        HashedFile.Write(folder, name, flush: true, stream => stream.Write(bytes));
    }

    /// <summary>Reads a file and checks its hash.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What it should be, for the error: "the record of a run".</param>
    /// <exception cref="ModelException">It is missing, cut short, altered, or something else.</exception>
    public static T Read<T>(string path, string what)
    {
        byte[] bytes = CheckedFile.ReadWhole(path, MaxBytes);
        int place = PlaceOfHash(bytes);
        if (place < 0)
            throw new ModelException($"{path}: carries no hash at its end, expected {what}; it was cut short, or is another file");
        string written = Encoding.UTF8.GetString(bytes, place, Digits);
        Encoding.UTF8.GetBytes(Zeros, bytes.AsSpan(place, Digits));
        string found = Hash(bytes);
        if (written != found)
            throw new ModelException($"{path}: has the xxh128 {found}, expected {written}, as it says itself; it was altered");
        try
        {
            JsonObject json = JsonText.Parse(bytes)!.AsObject();
            json.Remove(ConversionRecord.HashName);
            return json.Deserialize<T>(Options) ?? throw new JsonException("it is null");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new ModelException($"{path}: cannot be read as {what} ({exception.Message}); it is of another version of this program", exception);
        }
    }

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(XxHash128.Hash(bytes));

    private static int PlaceOfHash(byte[] bytes)
    {
        int opening = bytes.AsSpan().LastIndexOf(Encoding.UTF8.GetBytes(Opening));
        int place = opening + Opening.Length;
        return opening < 0 || place + Digits > bytes.Length ? -1 : place;
    }
}
