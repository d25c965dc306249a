using System.CommandLine;
using System.Globalization;
using Engine.Benchmarks.Report;
using Engine.Benchmarks.SideBySide;
using Engine.Compute;
using Engine.Model.Data;

namespace Engine.Benchmarks.Large;

/// <summary><c>bert-large</c>: a training step of BERT-Large's shape, and the classic script's whole job on its frozen encoder.</summary>
internal static class BertLargeCommand
{
    /// <summary>What a training step may take: a machine with 16 GB.</summary>
    private const double MostMemory = 16e9;

    /// <summary>A job that would take longer is not run.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);
    private static readonly StepShape Shape = new("bert-large", 24, 1024, 16, 8, 128);

    private static readonly ReportRow StepRow = new("bert-large-step", "training step of BERT-Large (24 layers, 1,024 wide), 8 x 128 tokens", "-");
    private static readonly ReportRow MemoryRow = new("bert-large-memory", "its memory", "-", Wanted.AtMost(MostMemory / 1e9, null, "GB"));
    private static readonly ReportRow JobRow = new("bert-large-job", "the classic script's job on BERT-Large, frozen: 7,613 tweets, 3 epochs", "-");

    /// <summary>Gets what <c>report</c> measures.</summary>
    public static Measurement Measurement { get; } = new("bert-large", "bert-large", StepRow, MemoryRow, JobRow) { TakesData = true };

    /// <summary>Makes the command.</summary>
    /// <returns>The command.</returns>
    public static Command Make()
    {
        Option<int> threads = CommonOptions.Threads();
        threads.Description = "Threads.";
        Option<int> rounds = CommonOptions.Rounds(3);
        rounds.Description = "Training steps, of which the median counts.";
        Option<string?> data = TweetFile.MakeOption($"the tweets that ship, repeated to {ClassicJob.AllRows:N0} rows");
        Option<bool> estimate = new("--estimate") { Description = $"Leaves it at one {ClassicJob.Part}th of the job, and what follows from it for the whole." };
        Option<string?> figures = FigureLog.MakeOption();
        Command command = new(
            "bert-large",
            $"A training step of BERT-Large's shape (24 layers, 1,024 wide, 16 heads, random weights) with 8 x 128 tokens, its memory against 16 GB, and the classic Keras script's job: the encoder "
            + $"frozen, a sigmoid on [CLS], 7,613 tweets of at most 160 tokens, 3 epochs of batches of 16. One {ClassicJob.Part}th of the job comes first; if {ClassicJob.Part} times that is an "
            + "hour or less, the whole job is run, else this product is the result.")
        {
            threads, rounds, data, estimate, figures,
        };
        FigureLog.RequireWhole(command, figures, estimate);
        command.SetAction(parsed =>
        {
            Console.WriteLine(Machine.Description);
            using ComputeDevice device = ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = parsed.GetValue(threads) });
            Console.WriteLine($"device: {device.Name}; memory of the machine: {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9:F1} GB");
            string file = TweetFile.Find(parsed.GetValue(data)) ?? RepositoryFiles.Require(TweetFile.Shipped);
            TextTable tweets = TextTable.Read(file, new ColumnNames(), LabelColumn.Required);
            Run(device, file, tweets, parsed.GetValue(rounds), parsed.GetValue(estimate), new FigureLog(parsed.GetValue(figures)));
        });
        return command;
    }

    private static void Run(ComputeDevice device, string file, TextTable tweets, int rounds, bool estimate, FigureLog figures)
    {
        using RandomCheckpoint checkpoint = new(Shape.Configuration);
        ClassicJob job = new(device, Shape, checkpoint, tweets);
        Console.WriteLine(Text($"{file}: {tweets.Count:N0} tweets{(tweets.Count == ClassicJob.AllRows ? string.Empty : $", made {ClassicJob.AllRows:N0}")}; random weights, so that the predictions mean nothing"));

        // Before the training step: a process's peak is never less than it was.
        JobTime part = job.Run(job.PartRows);
        TimeSpan whole = part.Loading + (ClassicJob.Part * part.Work);
        Console.WriteLine();
        Console.WriteLine(Text($"one {ClassicJob.Part}th of the job, every {ClassicJob.Part}th tweet: {Describe(part)}, peak memory of the process {Machine.PeakMemory / 1e9:F2} GB"));
        Console.WriteLine(Text($"for the whole job: {part.Loading.TotalSeconds:F1} s + {ClassicJob.Part} x {part.Work.TotalSeconds:F1} s = {whole.TotalSeconds:F0} s"));

        Console.WriteLine();
        (double seconds, long planned) = Step(device, checkpoint, rounds);
        double memory = Machine.PeakMemory / 1e9;
        Console.WriteLine(Text($"training step, {Shape.Batch} x {Shape.Sequence} tokens: {planned / 1e9:F2} GB planned for parameters, gradients, moments and activations"));
        figures.Add(StepRow, seconds, Text($"{seconds:F2} s, {Shape.FloatingPointOperations / seconds / 1e9:F0} GFLOP/s"));
        figures.Add(MemoryRow, memory, Text($"{memory:F2} GB"));

        Console.WriteLine();
        if (whole > Longest)
        {
            figures.Add(JobRow, whole.TotalSeconds, Text($"{whole.TotalMinutes:F0} min, {ClassicJob.Part} times what every {ClassicJob.Part}th tweet takes"));
        }
        else if (!estimate)
        {
            JobTime all = job.Run(job.Rows);
            Console.WriteLine(Text($"the whole job: {Describe(all)}"));
            figures.Add(JobRow, (all.Loading + all.Work).TotalSeconds, Text($"{(all.Loading + all.Work).TotalMinutes:F1} min"));
        }
    }

    private static (double Seconds, long Planned) Step(ComputeDevice device, RandomCheckpoint checkpoint, int rounds)
    {
        using EngineModel model = new(device, Shape, checkpoint.Folder, trains: true);
        Turns turns = new(model.Step);
        // The first step compiles.
        model.Step();
        for (int round = 0; round < rounds; round++)
            turns.Turn();
        return (turns.Medians[0], model.PlannedMemory);
    }

    private static string Describe(JobTime time) => string.Create(
        CultureInfo.InvariantCulture,
        $"{time.Rows:N0} tweets, {time.Tokens:N0} tokens: {time.Loading.TotalSeconds:F1} s to load, {time.Features.TotalSeconds:F1} s for the encoder's features "
        + $"({time.FeatureWork / time.Features.TotalSeconds / 1e9:F0} GFLOP/s), {(time.Work - time.Features).TotalSeconds:F1} s for {ClassicJob.Epochs} epochs of the head");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
