using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Engine.Model;

/// <summary>Reads typed fields of a JSON file, with messages that name file and field.</summary>
/// <param name="Path">The file, for messages.</param>
/// <param name="Json">The object to read from.</param>
internal sealed record JsonFields(string Path, JsonObject Json)
{
    /// <summary>The error for a field that holds something else than expected.</summary>
    public ModelException Wrong(string name, string found, string expected) => new($"{Path}: {name} is {found}, expected {expected}");

    /// <summary>Whether a field is there and not null.</summary>
    public bool Has(string name) => Json.TryGetPropertyValue(name, out var node) && node is not null;

    /// <summary>A text.</summary>
    public string Text(string name, string fallback)
    {
        if (!Has(name))
            return fallback;
        return Json[name] is JsonValue value && value.TryGetValue(out string? text) ? text : throw Wrong(name, Raw(name), "a text");
    }

    /// <summary>A truth value.</summary>
    public bool Flag(string name, bool fallback)
    {
        if (!Has(name))
            return fallback;
        return Json[name] is JsonValue value && value.TryGetValue(out bool flag) ? flag : throw Wrong(name, Raw(name), "true or false");
    }

    /// <summary>An integer from 1 to a limit; without a fallback the field must be there.</summary>
    public int Size(string name, int? fallback, int largest)
    {
        if (!Has(name))
            return fallback ?? throw Wrong(name, "missing", $"an integer from 1 to {largest}");
        return Json[name] is JsonValue value && value.TryGetValue(out int size) && size >= 1 && size <= largest
            ? size
            : throw Wrong(name, Raw(name), $"an integer from 1 to {largest}");
    }

    /// <summary>A number within bounds, both allowed.</summary>
    public float Number(string name, float fallback, float smallest, float largest)
    {
        if (!Has(name))
            return fallback;
        return Json[name] is JsonValue value && value.GetValueKind() == JsonValueKind.Number && value.TryGetValue(out double number)
            && number >= smallest && number <= largest
                ? (float)number
                : throw Wrong(name, Raw(name), string.Create(CultureInfo.InvariantCulture, $"a number from {smallest} to {largest}"));
    }

    /// <summary>A probability below 1.</summary>
    public float Probability(string name, float fallback)
    {
        float value = Number(name, fallback, 0f, 1f);
        return value < 1f ? value : throw Wrong(name, Raw(name), "a number from 0 to below 1");
    }

    private string Raw(string name)
    {
        string text = Json[name]?.ToJsonString() ?? "missing";
        return text.Length <= 60 ? text : text[..60] + "...";
    }
}
