namespace Engine.Benchmarks.Report;

/// <summary>A command line of this program that gives figures, for <c>report</c> to run in a process of its own.</summary>
/// <param name="Name">What <c>report --only</c> calls it.</param>
/// <param name="Arguments">The command line after the program's name, as a user types it; the words are separated by single spaces.</param>
/// <param name="Rows">The rows that it gives figures for. The command takes <c>--figures</c>.</param>
internal sealed record Measurement(string Name, string Arguments, params IReadOnlyList<ReportRow> Rows)
{
    /// <summary>Gets whether the command takes <c>--rounds</c>.</summary>
    public bool TakesRounds { get; init; } = true;

    /// <summary>Gets whether the command takes <c>--data</c>: Kaggle's train.csv.</summary>
    public bool TakesData { get; init; }

    /// <summary>Gets the command line as the tables show it.</summary>
    public string ShownCommand => TakesData ? Arguments + " --data train.csv" : Arguments;
}
