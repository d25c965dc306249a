using System.CommandLine;
using Engine.Benchmarks.Report;
using Engine.Benchmarks.SideBySide;
using Engine.Compute;
using Engine.Model.Data;
using Engine.Model.Training;

namespace Engine.Benchmarks.Reference;

/// <summary><c>reference-job</c>: Disaster Tweets with the settings that PyTorch's figures are known for, several seeds, third epoch, no selection.</summary>
internal static class ReferenceJobCommand
{
    private const string Weights = "weights/all-MiniLM-L6-v2";

    /// <summary>Gets what <c>report</c> measures.</summary>
    public static IReadOnlyList<Measurement> Measurements { get; } =
    [
        .. new[] { ReferenceRun.Trained, ReferenceRun.Frozen }.Select(run => new Measurement(
            $"reference-job-{run.Name}", $"reference-job --only {run.Name}", AccuracyRow(run), TimeRow(run)) { TakesRounds = false, TakesData = true }),
    ];

    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        Option<string?> data = TweetFile.MakeOption("it is skipped");
        Option<string?> only = new("--only") { Description = "Only this: trained or frozen." };
        only.AcceptOnlyFromAmong(ReferenceRun.Trained.Name, ReferenceRun.Frozen.Name);
        Option<int> seeds = new("--seeds") { Description = "Seeds, from 1.", DefaultValueFactory = _ => 3 };
        Option<int> first = new("--first-seed") { Description = "The first of them.", DefaultValueFactory = _ => 1 };
        Option<string> device = new("--device") { Description = "Device to compute on.", DefaultValueFactory = _ => "auto" };
        Option<int> threads = CommonOptions.Threads();
        Option<string?> figures = FigureLog.MakeOption();
        Command command = new("reference-job", "Fine-tunes the shipped weights on Kaggle's Disaster Tweets and prints accuracy, loss and time beside PyTorch's.")
        {
            data, only, seeds, first, device, threads, figures,
        };
        command.SetAction(parsed =>
        {
            FigureLog log = new(parsed.GetValue(figures));
            if (TweetFile.Find(parsed.GetValue(data)) is not { } file)
            {
                log.NotMeasured(Measurements.SelectMany(measurement => measurement.Rows), "Kaggle's train.csv is not here");
                Console.WriteLine("reference-job: skipped, Kaggle's train.csv of Disaster Tweets is not here (it cannot be shipped); give it with --data FILE.");
                return 0;
            }
            string weights = RepositoryFiles.Require(Weights);
            using ComputeDevice opened = ComputeDevice.Open(parsed.GetValue(device)!, new ComputeDeviceOptions { Threads = parsed.GetValue(threads) });
            Console.WriteLine(Machine.Description);
            Console.WriteLine($"device: {opened.Name}");
            TextTable table = TextTable.Read(file, new ColumnNames(), LabelColumn.Required);
            // The last 20 %, rounded down, as PyTorch's figures were measured.
            DataSplit split = DataSplit.LastRows(table.Count, table.Count / 5);
            LabelMap labels = LabelMap.FromTable(table);
            TextTable training = table.Select(split.Training);
            TextTable held = table.Select(split.Validation);
            int[] heldLabels = labels.Encode(held);
            MajorityBaseline majority = MajorityBaseline.Of(labels.Count, labels.Encode(training), heldLabels);
            Console.WriteLine($"{file}: {training.Count} rows train, the last {held.Count} validate; always \"{labels.Names[majority.Class]}\": {majority.Accuracy:F4}");
            ulong[] chosen = [.. Enumerable.Range(parsed.GetValue(first), parsed.GetValue(seeds)).Select(seed => (ulong)seed)];
            foreach (ReferenceRun run in new[] { ReferenceRun.Frozen, ReferenceRun.Trained }.Where(run => parsed.GetValue(only) is not string name || name == run.Name))
                Run(run, opened, weights, labels, training, held, chosen, log);
            return 0;
        });
        return command;
    }

    private static ReportRow AccuracyRow(ReferenceRun run) => new(
        $"reference-job-{run.Name}",
        $"reference job, {(run == ReferenceRun.Frozen ? "encoder frozen" : "all layers trained")}: 3 epochs of 6,091 tweets, 1,522 held out, mean of the seeds",
        "PyTorch 2.13, same settings",
        Wanted.AtLeast(run.Accuracies[^1] - ReferenceRun.AccuracyMargin, null, "accuracy"));

    private static ReportRow TimeRow(ReferenceRun run) => new($"reference-job-{run.Name}-time", "time of one of these runs", "-");

    private static void Run(ReferenceRun run, ComputeDevice device, string weights, LabelMap labels, TextTable training, TextTable held, ulong[] seeds, FigureLog figures)
    {
        Console.WriteLine();
        Console.WriteLine($"{run.Name}: {run.Description}");
        Console.WriteLine($"{"seed",6}{"epoch",7}{"accuracy",11}{"loss",9}{"F1",9}{"tokens/s",11}{"seconds",10}");
        List<TrainingResult> results = [];
        List<double> times = [];
        foreach (ulong seed in seeds)
        {
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            using FineTuning fineTuning = FineTuning.Prepare(device, weights, run.Settings(seed), labels, training, held);
            results.Add(fineTuning.Run(onEpoch: epoch => Console.WriteLine(
                $"{seed,6}{epoch.Epoch,7}{epoch.Validation!.Accuracy,11:F4}{epoch.Validation.Loss,9:F4}{epoch.Validation.F1,9:F4}"
                + $"{epoch.TokensPerSecond,11:N0}{epoch.Duration.TotalSeconds,10:F1}")));
            times.Add(System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds);
            Console.WriteLine($"{seed,6}{"all",7}{"",40}{times[^1],10:F1}");
        }
        for (int epoch = 0; epoch < results[0].Epochs.Count; epoch++)
        {
            Evaluation[] evaluations = [.. results.Select(result => result.Epochs[epoch].Validation!)];
            Console.WriteLine(
                $"{"mean",6}{epoch + 1,7}{evaluations.Average(evaluation => evaluation.Accuracy),11:F4}{evaluations.Average(evaluation => evaluation.Loss),9:F4}"
                + $"{evaluations.Average(evaluation => evaluation.F1),9:F4}"
                + (double.IsNaN(run.Accuracies[epoch]) ? "" : $"   PyTorch: accuracy {run.Accuracies[epoch]:F3}, loss {run.Losses[epoch]:F3}"));
        }
        double accuracy = results.Average(result => result.Epochs[^1].Validation!.Accuracy);
        double loss = results.Average(result => result.Epochs[^1].Validation!.Loss);
        bool within = run.Accuracies[^1] - accuracy <= ReferenceRun.AccuracyMargin && loss - run.Losses[^1] <= run.LossMargin;
        Console.WriteLine(
            $"last epoch: accuracy {accuracy - run.Accuracies[^1]:+0.0000;-0.0000}, loss {loss - run.Losses[^1]:+0.0000;-0.0000} against PyTorch's mean; "
            + $"{(within ? "within" : "OUTSIDE of")} the margins ({ReferenceRun.AccuracyMargin} lower, {run.LossMargin} higher)");
        figures.Add(
            AccuracyRow(run), accuracy, $"accuracy {accuracy:F3}, loss {loss:F3} (PyTorch {run.Accuracies[^1]:F3}, {run.Losses[^1]:F3}); {seeds.Length} seeds");
        figures.Add(TimeRow(run), times.Average(), times.Count == 1 ? $"{times[0]:F0} s" : $"{times.Min():F0} to {times.Max():F0} s");
    }
}
