using System.Text;

namespace Engine.Benchmarks.Report;

/// <summary>The tables of README.md and docs/performance.md, made of the figures of <c>benchmarks/figures.jsonl</c> and written where <see cref="Section"/> says.</summary>
internal static class FigureTables
{
    /// <summary>Gets their place in a page.</summary>
    public static PageSection Section { get; } = new("figures", "benchmarks -- report");

    /// <summary>Makes README's table: what, against what, the result, the command.</summary>
    /// <param name="measurements">The rows, in order.</param>
    /// <param name="figures">What was measured.</param>
    public static string Overview(IReadOnlyList<Measurement> measurements, IReadOnlyList<Figure> figures)
    {
        StringBuilder text = new();
        text.AppendLine($"Measured on {Provenance(figures)}, both sides with as many threads. Before each command: `dotnet run -c Release --project benchmarks --`");
        text.AppendLine();
        text.AppendLine("| what | against | result | command |");
        text.AppendLine("|---|---|---|---|");
        foreach (var (measurement, row, figure) in Rows(measurements, figures))
            text.AppendLine($"| {row.Work} | {figure?.Peer ?? row.Against} | {figure?.Result ?? "not measured yet"} | `{measurement.ShownCommand}` |");
        return text.ToString();
    }

    /// <summary>Makes the table of docs/performance.md: the same figures beside what is wanted of them.</summary>
    /// <param name="measurements">The rows, in order.</param>
    /// <param name="figures">What was measured.</param>
    public static string Standing(IReadOnlyList<Measurement> measurements, IReadOnlyList<Figure> figures)
    {
        StringBuilder text = new();
        text.AppendLine("| what | result | wanted | goal | | day |");
        text.AppendLine("|---|---|---|---|---|---|");
        foreach (var (_, row, figure) in Rows(measurements, figures))
        {
            if (row.Wanted is { } wanted)
            {
                text.AppendLine(
                    $"| {row.Work} | {figure?.Result ?? "not measured yet"} | {wanted.BoundText} | {wanted.GoalText} "
                    + $"| {(figure?.Value is { } value ? wanted.Verdict(value) : string.Empty)} | {figure?.Date:yyyy-MM-dd} |");
            }
        }

        return text.ToString();
    }

    private static IEnumerable<(Measurement Measurement, ReportRow Row, Figure? Figure)> Rows(IReadOnlyList<Measurement> measurements, IReadOnlyList<Figure> figures) =>
        from measurement in measurements
        from row in measurement.Rows
        select (measurement, row, figures.LastOrDefault(figure => figure.Row == row.Name));

    private static string Provenance(IReadOnlyList<Figure> figures)
    {
        var machines = string.Join("; ", figures.Select(figure => figure.Machine).Distinct());
        var (first, last) = figures.Count == 0 ? (default, default) : (figures.Min(figure => figure.Date), figures.Max(figure => figure.Date));
        return $"{machines}, {first:yyyy-MM-dd}{(first == last ? string.Empty : $" to {last:yyyy-MM-dd}")}";
    }
}
