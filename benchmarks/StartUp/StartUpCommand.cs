using System.CommandLine;
using Engine.Benchmarks.Report;
using Engine.Benchmarks.SideBySide;
using Engine.Compute;
using Engine.Model;

namespace Engine.Benchmarks.StartUp;

/// <summary><c>start-up</c>: how long a process takes that does a thing once.</summary>
internal static class StartUpCommand
{
    private const string BuiltRunner = "src/Runner/bin/Release/net10.0/engine.dll";
    private const string BuiltBenchmarks = "benchmarks/bin/Release/net10.0/engine-benchmarks.dll";
    private const string ShippedWeights = "weights/all-MiniLM-L6-v2";
    private const string Text = "Forest fire near La Ronge Sask. Canada";

    private static readonly ReportRow PredictRow = new(
        "start-up-predict", "predict of one text with the shipped model, from the start of the process to its end", "-", Wanted.AtMost(3, 1.5, "s"));

    private static readonly ReportRow[] StepRows = [.. StepShape.Trained.Select(shape => new ReportRow(
        $"start-up-step-{shape.Name}",
        $"first-use compilation of all kernels of a training step of {shape.Title}, from the start of the process",
        "-",
        Wanted.AtMost(4, 2, "s")))];

    /// <summary>Gets what <c>report</c> measures.</summary>
    public static Measurement Measurement { get; } = new("start-up", "start-up", [PredictRow, .. StepRows]);

    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        var rounds = CommonOptions.Rounds(5);
        Option<string?> runner = new("--published")
        {
            HelpName = "FOLDER",
            Description = "Measures the published command line too: what 'dotnet publish -c Release src/Runner -o FOLDER' makes.",
        };
        Option<string?> benchmarks = new("--published-benchmarks")
        {
            HelpName = "FOLDER",
            Description = "Measures the first step of this program published the same way too: what 'dotnet publish -c Release benchmarks -o FOLDER' makes.",
        };
        var figures = FigureLog.MakeOption();
        Command command = new(
            "start-up",
            "Starts processes and measures what a user waits for: 'engine predict' of one text with a fine-tuned model of the shipped weights' shape, from the start of the process to "
            + "its end; and the first training step of a process, for MiniLM-L6 and BERT-base. Of that step the time from the start of the process to the losses counts, less the time "
            + "in which the same process then loads a second such model and makes a step with it, which compiles nothing: what is left are the start of .NET, opening the device and "
            + "compiling all kernels. Medians; builds alternate. "
            + "Build first: dotnet build -c Release. The figures are those of the ordinary build.")
        {
            rounds, runner, benchmarks, figures,
        };
        command.SetAction(parsed => Run(parsed.GetValue(rounds), parsed.GetValue(runner), parsed.GetValue(benchmarks), new FigureLog(parsed.GetValue(figures))));
        return command;
    }

    private static void Run(int rounds, string? publishedRunner, string? publishedBenchmarks, FigureLog log)
    {
        List<MeasuredProgram> runners = [MeasuredProgram.Built(BuiltRunner)], benchmarks = [MeasuredProgram.Built(BuiltBenchmarks)];
        if (publishedRunner is not null)
            runners.Add(MeasuredProgram.Published("--published", publishedRunner, "engine", "src/Runner"));
        if (publishedBenchmarks is not null)
            benchmarks.Add(MeasuredProgram.Published("--published-benchmarks", publishedBenchmarks, "engine-benchmarks", "benchmarks"));
        Console.WriteLine(Machine.Description);
        Console.WriteLine();
        Predict(runners, rounds, log);
        foreach (var (shape, row) in StepShape.Trained.Zip(StepRows))
            FirstStep(shape, row, benchmarks, rounds, log);
    }

    private static void Predict(List<MeasuredProgram> programs, int rounds, FigureLog log)
    {
        var folder = Directory.CreateTempSubdirectory("engine-benchmarks-").FullName;
        try
        {
            // What a head's weights are makes no difference to its time.
            var model = Path.Combine(folder, "model");
            using (var device = ComputeDevice.Open("cpu"))
            using (var bert = BertModel.Load(device, RepositoryFiles.Require(ShippedWeights), new HeadOptions(HeadKind.PooledSoftmax, ["0", "1"]), 1, new BatchLimits(1, 1), TrainedPart.Head))
                bert.Save(model);
            var input = Path.Combine(folder, "one.csv");
            File.WriteAllText(input, $"id,text\n1,{Text}\n");
            string[] arguments = ["predict", "--model", model, "--input", input, "--out", Path.Combine(folder, "out.csv"), "--overwrite", "--device", "cpu"];
            var seconds = Alternate(programs, rounds, program => program.Run(arguments).Seconds);
            foreach (var (program, times) in programs.Zip(seconds))
                Console.WriteLine($"engine predict, one text, {program.Name,-9} {Median(times):F2} s ({times.Min():F2} to {times.Max():F2}, {rounds} rounds)");
            log.Add(PredictRow, Median(seconds[0]), $"{Median(seconds[0]):F2} s");
            Console.WriteLine();
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void FirstStep(StepShape shape, ReportRow row, List<MeasuredProgram> programs, int rounds, FigureLog log)
    {
        using var checkpoint = new RandomCheckpoint(shape.Configuration);
        var runs = Alternate(programs, rounds, program => FirstStepRun.Start(program, shape, checkpoint.Folder));
        foreach (var (program, ofProgram) in programs.Zip(runs))
        {
            double Of(Func<FirstStepRun, double> part) => Median([.. ofProgram.Select(part)]);
            Console.WriteLine(
                $"{shape.Name}, first training step, {program.Name,-9} {Of(run => run.FirstUse):F2} s for the first use of {ofProgram[0].Kernels} kernels: device open at {Of(run => run.Opened):F2} s, "
                + $"model loaded at {Of(run => run.Loaded):F2} s, step done at {Of(run => run.Stepped):F2} s; a second model loads in {Of(run => run.Reload):F2} s, its step takes {Of(run => run.Step):F2} s");
        }

        double FirstUse(int program) => Median([.. runs[program].Select(run => run.FirstUse)]);
        log.Add(row, FirstUse(0), $"{FirstUse(0):F2} s");
        Console.WriteLine();
    }

    /// <summary>Lets the programs take turns, after a turn of each that does not count: it brings their files into memory.</summary>
    private static List<T>[] Alternate<T>(List<MeasuredProgram> programs, int rounds, Func<MeasuredProgram, T> turn)
    {
        List<T>[] results = [.. programs.Select(_ => new List<T>())];
        foreach (var program in programs)
            turn(program);
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < programs.Count; i++)
                results[i].Add(turn(programs[i]));
        }

        return results;
    }

    private static double Median(IReadOnlyList<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
