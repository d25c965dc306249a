using System.CommandLine;
using System.Diagnostics;
using Engine.Benchmarks.Report;
using Engine.Benchmarks.SideBySide;
using Engine.Compute;
using Engine.Model;
using Engine.Model.Data;
using Engine.Model.Inference;
using Engine.Model.Training;
using Engine.Model.Training.Runs;

namespace Engine.Benchmarks.Soak;

/// <summary><c>soak</c>: trains, stops, continues, predicts and starts again for a long time, and says whether the process's memory stays flat.</summary>
internal static class SoakCommand
{
    private const string Weights = "weights/all-MiniLM-L6-v2";
    private const string Sample = "samples/disaster-tweets/train.csv";
    private const int WarmupSeconds = 60;

    /// <summary>
    /// Less than a fifth of the model's parameters (91 MB), so that one copy that a single round leaves behind is noticed; more than the pages that the collector
    /// takes and gives back.
    /// </summary>
    private const long Tolerance = 16L << 20;

    private static readonly ReportRow Row = new(
        "soak", "memory after 30 minutes of training, stopping, continuing and predicting", "-", Wanted.AtMost(Tolerance / 1e6, null, "MB of growth"));

    /// <summary>Gets what <c>report</c> measures.</summary>
    public static Measurement Measurement { get; } = new("soak", "soak", Row) { TakesRounds = false };

    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        Option<double> minutes = new("--minutes") { Description = "How long, in minutes; more than 1, as the first minute does not count.", DefaultValueFactory = _ => 30 };
        minutes.Validators.Add(result =>
        {
            if (!(result.GetValueOrDefault<double>() > WarmupSeconds / 60.0))
                result.AddError($"--minutes {result.GetValueOrDefault<double>()} is not possible: more than 1 was expected, as the first minute does not count");
        });
        Option<string> device = new("--device") { Description = "Device to compute on.", DefaultValueFactory = _ => "auto" };
        Option<int> threads = CommonOptions.Threads();
        Option<string?> figures = FigureLog.MakeOption();
        Command command = new("soak", "Trains, stops, continues and predicts in rounds, and fails unless memory is flat after the first minute.") { minutes, device, threads, figures };
        FigureLog.RequireWhole(command, figures, minutes);
        command.SetAction(parsed =>
        {
            using ComputeDevice opened = ComputeDevice.Open(parsed.GetValue(device)!, new ComputeDeviceOptions { Threads = parsed.GetValue(threads) });
            Console.WriteLine(Machine.Description);
            Console.WriteLine($"device: {opened.Name}");
            return Run(opened, TimeSpan.FromMinutes(parsed.GetValue(minutes)), new FigureLog(parsed.GetValue(figures)));
        });
        return command;
    }

    private static int Run(ComputeDevice device, TimeSpan duration, FigureLog figures)
    {
        string weights = RepositoryFiles.Require(Weights);
        TextTable table = TextTable.Read(RepositoryFiles.Require(Sample), new ColumnNames(), LabelColumn.Required);
        LabelMap labels = LabelMap.FromTable(table);
        string folder = Directory.CreateTempSubdirectory("engine-soak-").FullName;
        List<(double Seconds, long Memory, long Managed)> samples = [];
        try
        {
            Console.WriteLine($"{"seconds",8}{"rounds",8}{"working set",14}{"managed",10}{"kernels",9}");
            Stopwatch clock = Stopwatch.StartNew();
            double shown = 0;
            while (clock.Elapsed < duration)
            {
                // Both kinds in every round: they leave the process with working sets of their own.
                Round(device, weights, labels, table, folder, samples.Count, TrainedPart.All);
                Round(device, weights, labels, table, folder, samples.Count, TrainedPart.Head);
                GC.Collect();
                GC.WaitForPendingFinalizers();
                GC.Collect();
                samples.Add((clock.Elapsed.TotalSeconds, Environment.WorkingSet, GC.GetTotalMemory(forceFullCollection: false)));
                if (samples[^1].Seconds < shown)
                    continue;
                Console.WriteLine($"{samples[^1].Seconds,8:F0}{samples.Count,8}{samples[^1].Memory / 1e6,11:F1} MB{samples[^1].Managed / 1e6,7:F1} MB{device.CompiledKernels,9}");
                shown = samples[^1].Seconds + (duration.TotalSeconds / 30);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
        return Judge([.. samples.Where(sample => sample.Seconds >= WarmupSeconds).Select(sample => (sample.Memory, sample.Managed))], samples.Count, figures);
    }

    /// <summary>A training that is stopped and continued from its checkpoint, and predictions with its result.</summary>
    private static void Round(ComputeDevice device, string weights, LabelMap labels, TextTable table, string folder, int round, TrainedPart trained)
    {
        // Rows and so the sizes of batches change from round to round.
        int[] rows = [.. SeededRandom.For(1, (ulong)round).Permutation(table.Count).Take(48)];
        TextTable training = table.Select(rows[..32]), validation = table.Select(rows[32..]);
        FineTuningSettings settings = new()
        {
            Trained = trained,
            MaxLength = 64,
            Loop = new TrainingSettings { Epochs = 2, BatchSize = 8, Seed = (ulong)round },
        };
        string run = Path.Combine(folder, $"run-{round}");
        using (CancellationTokenSource stop = new())
            Train(progress => Stop(progress, stop), stop.Token);
        Train(null, default);
        TextClassifier classifier = TextClassifier.Open(run);
        classifier.Classify(device, classifier.Tokenize(validation, settings.MaxLength));
        Directory.Delete(run, recursive: true);

        void Train(Action<TrainingProgress>? onStep, CancellationToken stop)
        {
            using FineTuning fineTuning = FineTuning.Prepare(device, weights, settings, labels, training, validation);
            using RunFolder saved = RunFolder.IsUnfinished(run)
                ? RunFolder.Continue(run) : RunFolder.Start(run, new RunRecord(new Dictionary<string, string[]>(), fineTuning.Describe()));
            TrainingResult result = fineTuning.Run(onStep, null, stop, new RunSaves(saved, 0, saved.FindCheckpoint(Console.WriteLine)));
            saved.Complete(fineTuning.Save, isFinished: !result.Stopped);
        }

        static void Stop(TrainingProgress progress, CancellationTokenSource stop)
        {
            if (progress.Step == 2)
                stop.Cancel();
        }
    }

    /// <summary>Compares the medians of the first and the last quarter of the rounds after the first minute.</summary>
    private static int Judge((long Memory, long Managed)[] samples, int rounds, FigureLog figures)
    {
        if (samples.Length < 4)
        {
            Console.WriteLine($"{rounds} rounds, {samples.Length} after the first minute: too few to judge; at least 4 were expected; run longer.");
            return 1;
        }
        int quarter = samples.Length / 4;
        (long memory, long managed) = (Growth(sample => sample.Memory), Growth(sample => sample.Managed));
        bool isFlat = memory <= Tolerance && managed <= Tolerance;
        Console.WriteLine(
            $"{rounds} rounds, {samples.Length} after the first minute; from the first quarter of these to the last (medians): working set {memory / 1e6:+0.0;-0.0} MB, "
            + $"managed memory {managed / 1e6:+0.0;-0.0} MB; {(isFlat ? "flat" : "NOT FLAT")} (at most +{Tolerance / 1e6:F1} MB)");
        figures.Add(Row, Math.Max(memory, managed) / 1e6, $"working set {memory / 1e6:+0.0;-0.0} MB, managed memory {managed / 1e6:+0.0;-0.0} MB after the first minute");
        return isFlat ? 0 : 1;

        long Growth(Func<(long Memory, long Managed), long> figure) => Median(samples[^quarter..].Select(figure)) - Median(samples[..quarter].Select(figure));
    }

    private static long Median(IEnumerable<long> values)
    {
        long[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
