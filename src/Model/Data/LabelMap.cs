using System.Globalization;

namespace Engine.Model.Data;

/// <summary>The classes of a problem: class numbers 0..k-1 and their names (<c>id2label</c> of a saved configuration).</summary>
public sealed class LabelMap
{
    private readonly Dictionary<string, int> _numbers;

    /// <summary>Makes a map from names in the order of their numbers.</summary>
    /// <param name="names">One name per class.</param>
    /// <exception cref="ArgumentException">A name occurs twice or there is none.</exception>
    public LabelMap(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (names.Count == 0)
            throw new ArgumentException("A label map needs at least one class.", nameof(names));
        Names = [.. names];
        _numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int number = 0; number < Names.Count; number++)
        {
            if (!_numbers.TryAdd(Names[number], number))
                throw new ArgumentException($"The class name \"{Names[number]}\" occurs twice.", nameof(names));
        }
    }

    /// <summary>One name per class, in the order of their numbers.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Number of classes.</summary>
    public int Count => Names.Count;

    /// <summary>
    /// The classes of a labelled table: integers in numeric order, anything else in ordinal order; so 0 and 1 become the classes 0 and 1.
    /// </summary>
    /// <param name="table">A table with labels.</param>
    /// <exception cref="ModelException">A label is empty, all rows have one label, or nearly each row has its own.</exception>
    public static LabelMap FromTable(TextTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        string[] labels = table.Labels ?? throw new ArgumentException($"{table.Source} has no labels.", nameof(table));
        HashSet<string> distinct = new(StringComparer.Ordinal);
        for (int row = 0; row < labels.Length; row++)
        {
            if (labels[row].Length == 0)
                throw new ModelException($"{table.Source}, line {table.Lines[row]}: the label is empty; a class was expected; give the row a label or remove it.");
            distinct.Add(labels[row]);
        }
        if (distinct.Count == 1)
            throw new ModelException(
                $"{table.Source}: all {labels.Length} rows have the label \"{labels[0]}\"; at least two classes were expected; add rows of another class.");
        if (distinct.Count > 20 && distinct.Count > labels.Length / 2)
            throw new ModelException(
                $"{table.Source}: {distinct.Count} different labels in {labels.Length} rows are no classes; "
                + "several rows of each class were expected; name the right column with --label-column.");
        bool integers = distinct.All(label => long.TryParse(label, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _));
        return new LabelMap(integers
            ? [.. distinct.OrderBy(label => long.Parse(label, CultureInfo.InvariantCulture)).ThenBy(label => label, StringComparer.Ordinal)]
            : [.. distinct.OrderBy(label => label, StringComparer.Ordinal)]);
    }

    /// <summary>The class number of each row of a labelled table.</summary>
    /// <param name="table">A table with labels.</param>
    /// <exception cref="ModelException">A label is none of the classes.</exception>
    public int[] Encode(TextTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        string[] labels = table.Labels ?? throw new ArgumentException($"{table.Source} has no labels.", nameof(table));
        int[] numbers = new int[labels.Length];
        for (int row = 0; row < labels.Length; row++)
        {
            if (!_numbers.TryGetValue(labels[row], out numbers[row]))
                throw new ModelException(
                    $"{table.Source}, line {table.Lines[row]}: the label \"{labels[row]}\" is none of the classes {Describe()}; "
                    + "correct the row, or use a model trained with this class.");
        }
        return numbers;
    }

    /// <summary>The number of a class.</summary>
    /// <param name="name">The class's name.</param>
    /// <param name="number">Its number.</param>
    public bool TryGetNumber(string name, out int number) => _numbers.TryGetValue(name, out number);

    /// <summary>The first names, quoted, for messages.</summary>
    public string Describe() => string.Join(", ", Names.Take(12).Select(name => $"\"{name}\"")) + (Names.Count > 12 ? $" and {Names.Count - 12} more" : "");
}
