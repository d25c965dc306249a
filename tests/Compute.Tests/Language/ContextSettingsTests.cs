using System.Reflection;
using Engine.Compute.Tests.Oracle;
using ILGPU;
using ILGPU.Runtime.CPU;
using Xunit;

namespace Engine.Compute.Tests.Language;

/// <summary>Whatever a program sets in its own context, kernels give the oracle's bits.</summary>
public sealed class ContextSettingsTests : IClassFixture<OracleTests.DeviceCache>
{
    /// <summary>Kernels that between them have every form that ILGPU's optimizer and inliner change.</summary>
    private static readonly string[] Kernels =
    [
        nameof(ControlFlowKernels.SwitchOnData), nameof(ControlFlowKernels.NestedLoopsWithBreaks), nameof(ControlFlowKernels.EarlyReturns),
        nameof(ControlFlowKernels.SwappedLoopValues), nameof(ControlFlowKernels.ShortCircuits), nameof(MemoryKernels.Structures), nameof(MemoryKernels.SubViewsAndCasts),
        nameof(MemoryKernels.IndexedLocalArray), nameof(MemoryKernels.PromotedLocalArray), nameof(MemoryKernels.SharedTreeSum), nameof(MemoryKernels.LongsAndDoubles),
        nameof(CallKernels.Calls), nameof(CallKernels.References), nameof(ArithmeticKernels.Integers), nameof(ArithmeticKernels.Conversions), nameof(ArithmeticKernels.NotANumber),
        nameof(ArithmeticKernels.Helpers), nameof(ArithmeticKernels.SharedHistogram), nameof(LocalAddressKernels.ChosenInALoop), nameof(ThreadKernels.DynamicShared),
        nameof(DivergentKernels.BarriersOnBothSides),
    ];

    private readonly OracleTests.DeviceCache devices;

    public ContextSettingsTests(OracleTests.DeviceCache devices) => this.devices = devices;

    public static TheoryData<OptimizationLevel, InliningMode> LevelsAndInlining()
    {
        var data = new TheoryData<OptimizationLevel, InliningMode>();
        foreach (var level in new[] { OptimizationLevel.O0, OptimizationLevel.O1, OptimizationLevel.O2 })
        {
            foreach (var inlining in new[] { InliningMode.Aggressive, InliningMode.Conservative, InliningMode.Disabled }) data.Add(level, inlining);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(LevelsAndInlining))]
    public void OptimizationLevelsAndInliningModes(OptimizationLevel level, InliningMode inlining)
    {
        // Without inlining, ILGPU's front end does not see that the length of a local array is a constant, on any accelerator.
        var kernels = inlining == InliningMode.Disabled ? Kernels.Where(kernel => kernel != nameof(LocalAddressKernels.ChosenInALoop)) : Kernels;
        Check(builder => builder.Optimize(level).Inlining(inlining), kernels);
    }

    [Theory]
    [InlineData(MathMode.Fast)]
    public void MathModes(MathMode mode) => Check(builder => builder.Math(mode));

    [Theory]
    [InlineData(DebugSymbolsMode.KernelSourceAnnotations)]
    public void DebugSymbols(DebugSymbolsMode mode) => Check(builder => builder.DebugSymbols(mode));

    [Theory]
    [InlineData(CachingMode.Disabled)]
    public void CachingModes(CachingMode mode) => Check(builder => builder.Caching(mode));

    [Fact]
    public void DebuggingContexts() => Check(builder => builder.Debug().Verify().Assertions().IOOperations());

    private void Check(Action<Context.Builder> settings, IEnumerable<string>? kernels = null)
    {
        using var context = Context.Create(builder => settings(builder.CPU()));
        using var accelerator = context.CreateVectorCpuAccelerator(new() { Contraction = false, Threads = 2, VectorBits = 128 });
        foreach (var kernel in kernels ?? Kernels)
        {
            var method = OracleTests.Find(kernel);
            var launch = method.GetCustomAttributes<OracleCaseAttribute>().First();
            var expected = OracleLaunch.Run(devices.Oracle(accelerator.WarpSize), method, launch.Config, launch.N);
            var actual = OracleLaunch.Run(accelerator, method, launch.Config, launch.N);
            Assert.True(expected.Y.SequenceEqual(actual.Y) && expected.X.SequenceEqual(actual.X), $"{kernel} gives other numbers");
        }
    }
}
