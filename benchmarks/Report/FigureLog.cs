using System.CommandLine;
using Engine.Benchmarks.SideBySide;

namespace Engine.Benchmarks.Report;

/// <summary>
/// What a measuring command tells of its figures: each is printed with what is wanted of it and, with <c>--figures</c>, appended to a file. A command
/// adds <see cref="MakeOption"/> to its options and calls <see cref="Add"/> once for every row of its <see cref="Measurement"/>.
/// </summary>
/// <param name="file">The file, or null.</param>
internal sealed class FigureLog(string? file)
{
    /// <summary>Makes <c>--figures</c>.</summary>
    public static Option<string?> MakeOption() => new("--figures")
    {
        HelpName = "FILE",
        Description = "Also appends the figures to this file, one JSON object a line.",
    };

    /// <summary>Makes a command refuse <c>--figures</c> beside an option that leaves a part of the work out: a row is about all of it.</summary>
    /// <param name="command">The command.</param>
    /// <param name="figures">Its <c>--figures</c>.</param>
    /// <param name="part">The option that leaves work out.</param>
    public static void RequireWhole(Command command, Option figures, Option part) => command.Validators.Add(result =>
    {
        if (result.GetResult(figures) is { Implicit: false } && result.GetResult(part) is { Implicit: false })
            result.AddError($"--figures and {part.Name} do not go together: a figure is about all of the work; leave one of them out");
    });

    /// <summary>Returns a ratio of speeds in words.</summary>
    /// <param name="ratio">Our speed relative to the peer's.</param>
    public static string Speed(double ratio) => $"{ratio:F2} x its speed";

    /// <summary>Tells a figure.</summary>
    /// <param name="row">The row.</param>
    /// <param name="value">The figure, in the unit of what is wanted.</param>
    /// <param name="result">The figure in words, such as "1.06 x its speed: 289 ms".</param>
    /// <param name="peer">The peer with its version, where there is one.</param>
    public void Add(ReportRow row, double value, string result, string? peer = null)
    {
        Console.WriteLine($"{row.Work}{(row.Against == "-" ? string.Empty : $", against {peer ?? row.Against}")}: {result}{Standing(row.Wanted, value)}");
        Append(new Figure(row.Name, value, result, peer, Machine.Processor, Today));
    }

    /// <summary>Tells that something could not be measured.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="reason">Why, such as "OpenBLAS is not installed".</param>
    public void NotMeasured(IEnumerable<ReportRow> rows, string reason)
    {
        foreach (var row in rows)
            Append(MakeNotMeasured(row, reason));
    }

    /// <summary>Makes the figure of a row that could not be measured.</summary>
    /// <param name="row">The row.</param>
    /// <param name="reason">Why.</param>
    public static Figure MakeNotMeasured(ReportRow row, string reason) => new(row.Name, null, $"not measured: {reason}", null, Machine.Processor, Today);

    private static DateOnly Today => DateOnly.FromDateTime(DateTime.UtcNow);

    private static string Standing(Wanted? wanted, double value) => wanted is null
        ? string.Empty
        : $" (wanted {wanted.BoundText}{(wanted.Goal is null ? string.Empty : $", goal {wanted.GoalText}")}: {wanted.Verdict(value)})";

    private void Append(Figure figure)
    {
        if (file is not null)
            File.AppendAllText(file, figure.ToLine() + "\n");
    }
}
