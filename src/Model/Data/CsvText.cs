using System.Buffers;

namespace Engine.Model.Data;

/// <summary>Writes fields of CSV (RFC 4180).</summary>
public static class CsvText
{
    private static readonly SearchValues<char> NeedQuotes = SearchValues.Create(",\"\r\n");

    /// <summary>A field as it is written: in quotes, quotes doubled, where it holds a comma, a quote, a line break, or spaces at an end.</summary>
    /// <param name="value">The field's value.</param>
    public static string Field(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        bool plain = !value.AsSpan().ContainsAny(NeedQuotes) && (value.Length == 0 || (value[0] != ' ' && value[^1] != ' '));
        return plain ? value : $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
