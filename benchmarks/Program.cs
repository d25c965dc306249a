using System.CommandLine;
using BenchmarkDotNet.Running;
using Engine.Benchmarks.Checkpoints;
using Engine.Benchmarks.Conversion;
using Engine.Benchmarks.Large;
using Engine.Benchmarks.Launches;
using Engine.Benchmarks.Profiling;
using Engine.Benchmarks.Reference;
using Engine.Benchmarks.Report;
using Engine.Benchmarks.Scaling;
using Engine.Benchmarks.SideBySide;
using Engine.Benchmarks.SideBySide.Epoch;
using Engine.Benchmarks.Soak;
using Engine.Benchmarks.StartUp;
using Engine.Benchmarks.Suites;
using Engine.Compute;
using Engine.Model;

var root = new RootCommand("Measures this project's kernels and training steps, against other libraries where they are present.")
{
    new Command("side-by-side", "Alternates this project and a peer in one run and prints the ratio of medians.")
    {
        GemmCommand.Make(),
        StepCommand.MakeStep(),
        StepCommand.MakeForward(),
        EpochCommand.Make(),
        VariantsCommand.Make(),
        EmulatorCommand.Make(),
    },
    LaunchCommand.Make(),
    TokenizerCommand.Make(),
    ReferenceJobCommand.Make(),
    ConvertCommand.Make(),
    ConversionRun.Make(),
    StartUpCommand.Make(),
    FirstStepRun.Make(),
    CheckpointCommand.Make(),
    SoakCommand.Make(),
    ReportCommand.Make(),
    ProfileCommand.Make(),
    ScalingCommand.Make(),
    GrowthCommand.Make(),
    BertLargeCommand.Make(),
};

var suites = new Command("bdn", "BenchmarkDotNet suites; what follows goes to BenchmarkDotNet, such as --list flat or --filter '*Gemm*'.")
{
    TreatUnmatchedTokensAsErrors = false,
};
suites.SetAction(parsed =>
{
    BenchmarkSwitcher.FromAssembly(typeof(SuiteConfiguration).Assembly).Run([.. parsed.UnmatchedTokens], new SuiteConfiguration());
});
root.Add(suites);

try
{
    var parsed = root.Parse(args.Length == 0 ? ["--help"] : args);
    if (parsed.Errors.Count > 0 && parsed.Action is not System.CommandLine.Help.HelpAction)
    {
        Console.Error.WriteLine($"engine-benchmarks: {parsed.Errors[0].Message.ReplaceLineEndings(" ")} (--help lists the options)");
        return 2;
    }

    return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception exception) when (exception is ComputeException or ModelException or PeerException or IOException)
{
    Console.Error.WriteLine($"engine-benchmarks: {exception.Message}");
    return 2;
}
