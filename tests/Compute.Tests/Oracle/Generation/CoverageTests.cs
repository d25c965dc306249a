using Engine.Compute.Vector;
using Engine.Compute.Vector.IR;
using Xunit;
using Xunit.Abstractions;

namespace Engine.Compute.Tests.Oracle.Generation;

/// <summary>The random kernels reach what the compiler knows. The output of these tests says how many kernels have what.</summary>
public sealed class CoverageTests
{
    /// <summary>
    /// What random kernels leave out: dynamic shared memory, which a launch has to ask for; library functions, whose bits are not the oracle's; fused
    /// operations, as contraction is off; prefetches, which have no result and come from a pass; counts of bits, for which ILGPU has code of its own instead; and what has no result to be compared.
    /// </summary>
    private static readonly HashSet<Opcode> LeftOut =
    [
        Opcode.DynamicSharedArray, Opcode.DynamicSharedBytes, Opcode.Math, Opcode.ReciprocalSquareRoot, Opcode.MultiplyAdd, Opcode.MultiplySubtract,
        Opcode.NegatedMultiplyAdd, Opcode.PopulationCount, Opcode.LeadingZeroCount, Opcode.TrailingZeroCount, Opcode.Write, Opcode.Assert, Opcode.WarpBarrier,
        Opcode.Refused, Opcode.Prefetch,
    ];

    private readonly ITestOutputHelper output;

    public CoverageTests(ITestOutputHelper output) => this.output = output;

    [Fact]
    public void TwoHundredKernelsReachEveryKind() => Check(200);

    [SkippableFact]
    [Trait("Category", "Full")]
    public void AThousandKernelsReachEveryKind()
    {
        Skip.IfNot(Environment.GetEnvironmentVariable("ENGINE_FULL_TESTS") == "1", "a thousand kernels take half a minute; set ENGINE_FULL_TESTS=1 to count what they have");
        Check(1000);
    }

    private void Check(int count)
    {
        using var device = ComputeDevice.Open("cpu", new() { Contraction = false });
        var coverage = new KernelCoverage((VectorAccelerator)device.Accelerator);
        for (var seed = 0; seed < count; seed++)
        {
            coverage.Add(seed);
        }

        output.WriteLine(coverage.Report());
        Assert.Empty(coverage.MissingForms);
        Assert.Equal(LeftOut.Order(), coverage.MissingOperations);
        Assert.Equal(
            ["Load F32", "Load I16", "Load I32", "Load I64", "Load I8", "Store F32", "Store I16", "Store I32", "Store I64", "Store I8"],
            coverage.Accesses);
        Assert.True(coverage.Halves > count / 4, $"only {coverage.Halves} kernels compute in half precision");
    }
}
