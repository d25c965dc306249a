using Engine.Benchmarks.Conversion;
using Engine.Benchmarks.Large;
using Engine.Benchmarks.Launches;
using Engine.Benchmarks.Profiling;
using Engine.Benchmarks.Reference;
using Engine.Benchmarks.Scaling;
using Engine.Benchmarks.SideBySide;
using Engine.Benchmarks.SideBySide.Epoch;
using Engine.Benchmarks.Soak;
using Engine.Benchmarks.StartUp;

namespace Engine.Benchmarks.Report;

/// <summary>Everything that <c>report</c> measures, in the order of the tables.</summary>
internal static class Measurements
{
    /// <summary>The measurements.</summary>
    public static readonly IReadOnlyList<Measurement> All =
    [
        .. GemmCommand.Measurements,
        .. StepCommand.Measurements,
        EpochCommand.Measurement,
        ProfileCommand.Measurement,
        VariantsCommand.Measurement,
        EmulatorCommand.Measurement,
        LaunchCommand.Measurement,
        TokenizerCommand.Measurement,
        .. ReferenceJobCommand.Measurements,
        ConvertCommand.Measurement,
        StartUpCommand.Measurement,
        ScalingCommand.Measurement,
        BertLargeCommand.Measurement,
        SoakCommand.Measurement,
    ];
}
