namespace Engine.Benchmarks.Scaling;

/// <summary>A table that is printed row by row and goes into the documentation as it is: the first column to the left, the others to the right.</summary>
internal sealed class MarkdownTable
{
    private const int Width = 11;
    private readonly int first;
    private readonly int[] widths;

    /// <summary>Prints the head.</summary>
    /// <param name="first">The width of the first column.</param>
    /// <param name="columns">The columns' names.</param>
    public MarkdownTable(int first, params IReadOnlyList<string> columns)
    {
        this.first = first;
        widths = [.. columns.Skip(1).Select(name => Math.Max(Width, name.Length))];
        Row(columns);
        Console.WriteLine($"|{new string('-', first + 2)}|{string.Concat(widths.Select(width => new string('-', width + 1) + ":|"))}");
    }

    /// <summary>Prints a row.</summary>
    /// <param name="cells">One text a column.</param>
    public void Row(params IReadOnlyList<string> cells) =>
        Console.WriteLine($"| {cells[0].PadRight(first)} |{string.Concat(cells.Skip(1).Zip(widths, (cell, width) => $" {cell.PadLeft(width)} |"))}");
}
