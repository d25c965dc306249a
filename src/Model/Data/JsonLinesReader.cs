using System.Globalization;
using System.Text.Json;

namespace Engine.Model.Data;

/// <summary>Reads JSON lines: one object a line, its properties named as the columns are. Empty lines are skipped.</summary>
internal static class JsonLinesReader
{
    /// <summary>Reads a table from a file's content.</summary>
    /// <exception cref="ModelException">The content is empty, malformed, or lacks a property.</exception>
    public static TextTable Read(string content, string source, ColumnNames columns, LabelColumn labels)
    {
        List<string> ids = [], texts = [], pairs = [], values = [];
        List<int> lines = [];
        int line = 0;
        foreach (ReadOnlySpan<char> raw in content.AsSpan().EnumerateLines())
        {
            line++;
            if (raw.IsWhiteSpace())
                continue;
            using JsonDocument document = Parse(raw, source, line);
            JsonElement row = document.RootElement;
            ids.Add(Value(row, columns.Id, source, line, columns.IdIsOptional) ?? ids.Count.ToString(CultureInfo.InvariantCulture));
            texts.Add(Value(row, columns.Text, source, line, optional: false)!);
            if (columns.Pair is not null)
                pairs.Add(Value(row, columns.Pair, source, line, optional: false)!);
            if (labels != LabelColumn.Ignored && Value(row, columns.Label, source, line, labels == LabelColumn.Optional) is string label)
                values.Add(label);
            lines.Add(line);
        }
        if (texts.Count == 0)
            throw new ModelException($"{source} is empty; at least one line with a JSON object was expected; give a file with rows.");
        if (values.Count != 0 && values.Count != texts.Count)
            throw new ModelException($"{source}: {values.Count} of {texts.Count} lines have \"{columns.Label}\"; all or none was expected; complete the labels.");
        return new TextTable(source, [.. ids], [.. texts], columns.Pair is null ? null : [.. pairs], values.Count == 0 ? null : [.. values], [.. lines]);
    }

    private static JsonDocument Parse(ReadOnlySpan<char> raw, string source, int line)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(raw.ToString());
        }
        catch (JsonException exception)
        {
            throw new ModelException($"{source}, line {line}: no JSON object, which was expected on each line; correct the line.", exception);
        }
        if (document.RootElement.ValueKind == JsonValueKind.Object)
            return document;
        string kind = document.RootElement.ValueKind.ToString();
        document.Dispose();
        throw new ModelException($"{source}, line {line}: a JSON {kind.ToLowerInvariant()}, and an object was expected; write {{\"text\": ...}} on each line.");
    }

    private static string? Value(JsonElement row, string name, string source, int line, bool optional)
    {
        if (!row.TryGetProperty(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
        {
            if (optional)
                return null;
            throw new ModelException($"{source}, line {line}: no property \"{name}\", which was expected on each line; add it or name another one.");
        }
        try
        {
            return value.ValueKind switch
            {
                JsonValueKind.String => value.GetString(),
                JsonValueKind.Number => value.GetRawText(),
                JsonValueKind.True => "true",
                JsonValueKind.False => "false",
                _ => throw new ModelException($"{source}, line {line}: \"{name}\" is no text or number, which was expected; correct the line."),
            };
        }
        catch (InvalidOperationException exception)
        {
            throw new ModelException($"{source}, line {line}: \"{name}\" is no valid text (half a surrogate pair); correct the line.", exception);
        }
    }
}
