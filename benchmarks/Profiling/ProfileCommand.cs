using System.CommandLine;
using System.Globalization;
using System.Text;
using Engine.Benchmarks.Report;
using Engine.Benchmarks.SideBySide;
using Engine.Compute;

namespace Engine.Benchmarks.Profiling;

/// <summary><c>profile</c>: where the time of a training step goes, and how far each operation is from what the device gives at most.</summary>
internal static class ProfileCommand
{
    private const string Page = "docs/performance.md";
    private static readonly PageSection Section = new("profile", "benchmarks -- profile --write");

    /// <summary>Gets what <c>report</c> measures.</summary>
    public static Measurement Measurement { get; } = new("profile", "profile --write", [.. StepShape.Trained.Select(Row)]);

    /// <summary>Makes the command.</summary>
    /// <returns>The command.</returns>
    public static Command Make()
    {
        Option<int> threads = CommonOptions.Threads();
        threads.Description = "Threads.";
        Option<int> rounds = CommonOptions.Rounds(11);
        rounds.Description = "Training steps, of which the faster half counts.";
        Option<string?> only = new("--only") { Description = $"Only this model: {string.Join(", ", StepShape.Trained.Select(shape => shape.Name))}." };
        only.AcceptOnlyFromAmong([.. StepShape.Trained.Select(shape => shape.Name)]);
        Option<bool> write = new("--write") { Description = $"Also writes the tables into {Page}." };
        Option<string?> figures = FigureLog.MakeOption();
        Command command = new(
            "profile",
            "Training steps of MiniLM-L6 16x64 and BERT-base 8x128, operation by operation: calls, milliseconds, share of the step, GFLOP/s or GB/s, and what part that is of what the "
            + "device gives at most, which is measured in the same process: multiply-adds in registers, and arrays read or replaced in place. An operation's work is what it must do at "
            + "least, every operand read once and every result written once; of the two limits the nearer one is shown. Where operands fit into caches, what counts as memory is not.")
        {
            threads, rounds, only, write, figures,
        };
        FigureLog.RequireWhole(command, figures, only);
        command.Validators.Add(result =>
        {
            if (result.GetValue(write) && result.GetValue(only) is not null)
                result.AddError($"--write and --only do not go together: {Page} has the tables of all models; leave one of them out");
        });
        command.SetAction(parsed =>
        {
            // Before the minutes that the measurement takes.
            string? page = parsed.GetValue(write) ? RepositoryFiles.Require(Page) : null;
            Console.WriteLine(Machine.Description);
            FigureLog log = new(parsed.GetValue(figures));
            StringBuilder tables = new();
            foreach (StepShape shape in StepShape.Trained.Where(shape => parsed.GetValue(only) is not { } wanted || wanted == shape.Name))
            {
                StepProfile profile = Measure(shape, parsed.GetValue(threads), parsed.GetValue(rounds));
                string table = profile.ToMarkdown();
                Console.WriteLine();
                Console.Write(table);
                tables.AppendLine().Append(table);
                double share = profile.ProductRate / profile.Peaks.Flops * 100;
                log.Add(
                    Row(shape),
                    share,
                    string.Create(CultureInfo.InvariantCulture, $"{share:F0} % of {profile.Peaks.Flops / 1e9:F0} GFLOP/s, in {profile.ProductPart * 100:F0} % of the step's time"));
            }
            if (page is not null)
                Section.Write(page, tables.AppendLine().ToString());
        });
        return command;
    }

    private static ReportRow Row(StepShape shape) => new(
        $"profile-{shape.Name}", $"matrix products within a training step of {shape.Title}, {shape.Batch} x {shape.Sequence} tokens", "multiply-adds in registers alone");

    private static StepProfile Measure(StepShape shape, int threads, int rounds)
    {
        using RandomCheckpoint checkpoint = new(shape.Configuration);
        using ComputeDevice device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads });
        Console.WriteLine($"{shape.Name}: {rounds} steps on {device.Name}");
        return StepProfile.Measure(device, shape, checkpoint.Folder, rounds);
    }
}
