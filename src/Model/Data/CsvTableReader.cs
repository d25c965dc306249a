using System.Globalization;
using CsvHelper;

namespace Engine.Model.Data;

/// <summary>Reads CSV (RFC 4180: comma, double quotes, line breaks inside quotes) by column names.</summary>
internal static class CsvTableReader
{
    /// <summary>Reads a table from a file's content.</summary>
    /// <exception cref="ModelException">The content is empty, malformed, or lacks a column.</exception>
    public static TextTable Read(string content, string source, ColumnNames columns, LabelColumn labels)
    {
        CsvMalformedRecord? damage = null;
        CsvReaderOptions options = CsvReaderOptions.Default with
        {
            Separator = ',',
            TrackLineNumbers = true,
            // A quote inside an unquoted field is text, as people write it; a quoted field that does not end where it should is damage.
            OnMalformedRecord = record => damage = damage is null && record.Reason != CsvMalformedReason.StrayQuote ? record : damage,
        };
        using CsvReader reader = CsvReader.FromText(content, options);
        reader.ReadHeader();
        string[] header = [.. reader.Headers];
        if (header.Length == 0)
            throw new ModelException($"{source} is empty; a line of column names and at least one row were expected; give a file with rows.");
        int idColumn = Find(header, columns.Id, source, columns.IdIsOptional, "--id-column");
        int textColumn = Find(header, columns.Text, source, false, "--text-column");
        int pairColumn = columns.Pair is null ? -1 : Find(header, columns.Pair, source, false, "--pair-column");
        int labelColumn = labels == LabelColumn.Ignored ? -1 : Find(header, columns.Label, source, labels == LabelColumn.Optional, "--label-column");

        List<string> ids = [], texts = [], pairs = [], values = [];
        List<int> lines = [];
        while (reader.Read())
        {
            ThrowIfDamaged(damage, source);
            if (reader.FieldCount != header.Length)
                throw new ModelException(
                    $"{source}, line {reader.LineNumber}: {reader.FieldCount} fields, and {header.Length} were expected, as in the header; "
                    + "put fields that hold commas or line breaks in quotes.");
            ids.Add(idColumn < 0 ? ids.Count.ToString(CultureInfo.InvariantCulture) : reader.GetString(idColumn));
            texts.Add(reader.GetString(textColumn));
            if (pairColumn >= 0)
                pairs.Add(reader.GetString(pairColumn));
            if (labelColumn >= 0)
                values.Add(reader.GetString(labelColumn));
            lines.Add((int)reader.LineNumber);
        }
        ThrowIfDamaged(damage, source);
        if (texts.Count == 0)
            throw new ModelException($"{source} has column names and no rows; at least one row was expected; give a file with rows.");
        return new TextTable(source, [.. ids], [.. texts], pairColumn < 0 ? null : [.. pairs], labelColumn < 0 ? null : [.. values], [.. lines]);
    }

    private static void ThrowIfDamaged(CsvMalformedRecord? damage, string source)
    {
        if (damage is CsvMalformedRecord record)
            throw new ModelException(
                $"{source}, line {record.LineNumber}: a quoted field is not closed properly; inside quotes, a quote must be written twice; correct the row.");
    }

    private static int Find(string[] header, string name, string source, bool optional, string option)
    {
        int found = Array.IndexOf(header, name);
        if (found >= 0)
        {
            if (Array.IndexOf(header, name, found + 1) >= 0)
                throw new ModelException($"{source} has two columns \"{name}\"; one was expected; rename one of them.");
            return found;
        }
        if (optional)
            return -1;
        string present = string.Join(", ", header.Take(20).Select(column => $"\"{column}\"")) + (header.Length > 20 ? ", ..." : "");
        throw new ModelException($"{source} has no column \"{name}\"; its columns are {present}; name the column to read with {option}.");
    }
}
