using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Engine.Benchmarks.SideBySide;

namespace Engine.Benchmarks.Report;

/// <summary><c>report</c>: runs the measuring commands one after another and writes the tables of README.md and docs/performance.md.</summary>
internal static class ReportCommand
{
    private const string Store = "benchmarks/figures.jsonl";
    private static readonly (string Page, Func<IReadOnlyList<Measurement>, IReadOnlyList<Figure>, string> Table)[] Pages =
    [
        ("README.md", FigureTables.Overview),
        ("docs/performance.md", FigureTables.Standing),
    ];

    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        string[] names = [.. Measurements.All.Select(measurement => measurement.Name)];
        Option<string[]> only = new("--only")
        {
            HelpName = "NAME",
            Description = $"Measures only this and keeps the other rows as they are; may be given several times: {string.Join(", ", names)}.",
            DefaultValueFactory = _ => [],
        };
        only.AcceptOnlyFromAmong(names);
        Option<int?> rounds = new("--rounds") { Description = "Rounds of each measurement that has them. [default: each command's own]" };
        rounds.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() < 1)
                result.AddError($"--rounds {result.GetValueOrDefault<int?>()} is not possible: expected 1 or more");
        });
        Option<string?> data = TweetFile.MakeOption("what each command does without it");
        Option<bool> tables = new("--tables") { Description = $"Measures nothing and writes the tables again, from {Store}." };
        Command command = new(
            "report",
            $"Runs every measuring command in a process of its own, gathers their figures in {Store} and writes the tables of README.md and docs/performance.md from it, after each "
            + "command: one that is interrupted keeps what it has measured. It takes more than an hour; nothing else should run meanwhile. A row whose peer or data is not here "
            + "says that it was not measured, and why. Exit code 1: there is such a row.")
        {
            only, rounds, data, tables,
        };
        command.SetAction(parsed =>
        {
            string root = Path.GetDirectoryName(Path.GetDirectoryName(RepositoryFiles.Require(Store)))!;
            string[] wanted = parsed.GetValue(only)!;
            if (parsed.GetValue(tables))
            {
                WriteTables(root, Figure.ReadAll(Path.Combine(root, Store)));
                return 0;
            }
            return Run(root, wanted, parsed.GetValue(rounds), TweetFile.Find(parsed.GetValue(data)));
        });
        return command;
    }

    private static int Run(string root, string[] only, int? rounds, string? data)
    {
        IReadOnlyList<Figure> figures = Figure.ReadAll(Path.Combine(root, Store));
        if (figures.FirstOrDefault(figure => figure.Machine != Machine.Processor) is { } other)
        {
            if (only.Length > 0)
                throw new PeerException($"{Store}: its figures are of {other.Machine}, this is {Machine.Processor}; one table has one machine: measure all, without --only");
            figures = [];
        }

        Measurement[] measurements = [.. Measurements.All.Where(measurement => only.Length == 0 || only.Contains(measurement.Name))];
        List<string> missing = [];
        for (int i = 0; i < measurements.Length; i++)
        {
            Console.WriteLine($"[{i + 1}/{measurements.Length}] {measurements[i].ShownCommand}");
            long start = Stopwatch.GetTimestamp();
            IReadOnlyList<Figure> measured = Measure(measurements[i], rounds, data);
            figures = [.. figures.Where(figure => !measured.Any(renewed => renewed.Row == figure.Row)), .. measured];
            Write(root, figures);
            missing.AddRange(measured.Where(figure => figure.Value is null).Select(figure => $"{figure.Row}: {figure.Result}"));
            Console.WriteLine($"[{i + 1}/{measurements.Length}] {Stopwatch.GetElapsedTime(start).TotalSeconds:F0} s");
            Console.WriteLine();
        }

        foreach (string line in missing)
            Console.WriteLine(line);
        return missing.Count == 0 ? 0 : 1;
    }

    /// <summary>Runs a command and returns a figure for every row of it.</summary>
    private static IReadOnlyList<Figure> Measure(Measurement measurement, int? rounds, string? data)
    {
        string file = Path.GetTempFileName();
        try
        {
            string[] arguments =
            [
                .. measurement.Arguments.Split(' '),
                "--figures", file,
                .. measurement.TakesRounds && rounds is { } count ? ["--rounds", count.ToString(CultureInfo.InvariantCulture)] : Array.Empty<string>(),
                .. measurement.TakesData && data is not null ? ["--data", data] : Array.Empty<string>(),
            ];
            string? lastError = null;
            int code = ChildProcess.Run(arguments, onError: line => lastError = line);
            IReadOnlyList<Figure> measured = Figure.ReadAll(file);
            string reason = lastError is null ? $"the command ended with exit code {code}" : lastError.Replace("engine-benchmarks: ", string.Empty, StringComparison.Ordinal);
            return [.. measurement.Rows.Select(row => measured.LastOrDefault(figure => figure.Row == row.Name) ?? FigureLog.MakeNotMeasured(row, reason))];
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static void Write(string root, IReadOnlyList<Figure> figures)
    {
        // In the order of the tables, so that a renewed figure changes one line; figures of rows that are no more go.
        string[] order = [.. Measurements.All.SelectMany(measurement => measurement.Rows).Select(row => row.Name)];
        PageSection.Replace(Path.Combine(root, Store), string.Concat(order.SelectMany(row => figures.Where(figure => figure.Row == row)).Select(figure => figure.ToLine() + "\n")));
        WriteTables(root, figures);
    }

    private static void WriteTables(string root, IReadOnlyList<Figure> figures)
    {
        foreach (var (page, table) in Pages)
            FigureTables.Section.Write(Path.Combine(root, page), table(Measurements.All, figures));
    }
}
