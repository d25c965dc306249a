using System.Globalization;

namespace Engine.Model.Data;

/// <summary>The rows of a CSV or JSON-lines file: identifiers, texts, and, where the file has them, second texts and labels.</summary>
public sealed class TextTable
{
    /// <summary>Puts columns together.</summary>
    /// <param name="source">The file's name, for messages.</param>
    /// <param name="ids">One identifier per row.</param>
    /// <param name="texts">One text per row.</param>
    /// <param name="pairs">One second text per row, or null.</param>
    /// <param name="labels">One label per row, or null.</param>
    /// <param name="lines">The line of the file that each row begins at, from 1.</param>
    /// <exception cref="ArgumentException">The columns differ in length.</exception>
    public TextTable(string source, string[] ids, string[] texts, string[]? pairs, string[]? labels, int[] lines)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentNullException.ThrowIfNull(lines);
        int rows = texts.Length;
        if (ids.Length != rows || lines.Length != rows || (pairs is not null && pairs.Length != rows) || (labels is not null && labels.Length != rows))
            throw new ArgumentException($"The columns of {source} differ in length: every column needs {rows} rows.", nameof(texts));
        Source = source;
        Ids = ids;
        Texts = texts;
        Pairs = pairs;
        Labels = labels;
        Lines = lines;
    }

    /// <summary>The file's name, for messages.</summary>
    public string Source { get; }

    /// <summary>Number of rows.</summary>
    public int Count => Texts.Length;

    /// <summary>One identifier per row.</summary>
    public string[] Ids { get; }

    /// <summary>One text per row.</summary>
    public string[] Texts { get; }

    /// <summary>One second text per row, or null.</summary>
    public string[]? Pairs { get; }

    /// <summary>One label per row, or null where the file has no such column.</summary>
    public string[]? Labels { get; }

    /// <summary>The line of the file that each row begins at, from 1; 0 where the text came from no file.</summary>
    public int[] Lines { get; }

    /// <summary>Where a row stands, for messages.</summary>
    /// <param name="row">The row's number, from 0.</param>
    public string Describe(int row) => Lines[row] == 0 ? Source : $"{Source}, line {Lines[row]}";

    /// <summary>Reads a file: JSON lines where its name ends in .jsonl or .ndjson, else CSV.</summary>
    /// <param name="path">The file.</param>
    /// <param name="columns">Names of the columns.</param>
    /// <param name="labels">Whether the label's column must be there, may be there, or is not read.</param>
    /// <exception cref="ModelException">The file is absent, empty, no UTF-8, malformed, or lacks a column.</exception>
    public static TextTable Read(string path, ColumnNames columns, LabelColumn labels)
    {
        string content = StrictUtf8.ReadFile(path);
        return FileFormat.IsJsonLines(path)
            ? JsonLinesReader.Read(content, path, columns, labels)
            : CsvTableReader.Read(content, path, columns, labels);
    }

    /// <summary>Reads a file with a text on each line; empty lines are skipped, rows are numbered from 0.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ModelException">The file is absent, empty or no UTF-8.</exception>
    public static TextTable ReadLines(string path)
    {
        List<string> texts = [];
        List<int> lines = [];
        string[] all = StrictUtf8.ReadFile(path).Split('\n');
        for (int line = 0; line < all.Length; line++)
        {
            if (string.IsNullOrWhiteSpace(all[line]))
                continue;
            texts.Add(all[line].TrimEnd('\r'));
            lines.Add(line + 1);
        }
        if (texts.Count == 0)
            throw new ModelException($"{path} is empty; a text on each line was expected; give at least one text.");
        return new TextTable(path, Numbers(texts.Count), [.. texts], null, null, [.. lines]);
    }

    /// <summary>A table of texts that came from no file; rows are numbered from 0.</summary>
    /// <param name="source">What to call them in messages.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="pairs">As many second texts, or null.</param>
    /// <exception cref="ArgumentException">There are more or fewer second texts.</exception>
    public static TextTable FromTexts(string source, string[] texts, string[]? pairs = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return new TextTable(source, Numbers(texts.Length), texts, pairs, null, new int[texts.Length]);
    }

    /// <summary>The table of some rows, in the order given.</summary>
    /// <param name="rows">Row numbers, from 0.</param>
    public TextTable Select(IReadOnlyList<int> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        return new TextTable(Source, Pick(Ids), Pick(Texts), Pairs is null ? null : Pick(Pairs), Labels is null ? null : Pick(Labels), Pick(Lines));

        T[] Pick<T>(T[] values)
        {
            T[] picked = new T[rows.Count];
            for (int i = 0; i < picked.Length; i++)
                picked[i] = values[rows[i]];
            return picked;
        }
    }

    private static string[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(row => row.ToString(CultureInfo.InvariantCulture))];
}

/// <summary>What is asked of a file's label column.</summary>
public enum LabelColumn
{
    /// <summary>It must be there.</summary>
    Required,

    /// <summary>It is read where it is there.</summary>
    Optional,

    /// <summary>It is not read.</summary>
    Ignored,
}
