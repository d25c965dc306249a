using Engine.Compute;
using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>
/// Every kernel gives on the vector CPU, contraction off, the bits that it gives on ILGPU's CPU accelerator: at every vector width and thread by thread, forward
/// and backward, in groups of several shapes. No kernel calls a library function whose bits might differ: what is not exact by IEEE is our own.
/// </summary>
public sealed class OracleBitsTests(BitsDevices devices) : IClassFixture<BitsDevices>
{
    private static readonly IReadOnlyDictionary<string, BitsOperation> Operations =
        new[] { ElementBits.All, RowBits.All, SequenceBits.All, GemmBits.All, AttentionBits.All }.SelectMany(all => all).ToDictionary(operation => operation.Name);

    public static TheoryData<string, BitsShape, int> Cases()
    {
        var data = new TheoryData<string, BitsShape, int>();
        foreach (var (operation, shape, bits) in All())
            data.Add(operation, shape, bits);
        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void TheVectorCpuGivesTheOraclesBits(string operation, BitsShape shape, int bits)
    {
        Skip.If(bits > BitsDevices.Widest, $"the processor has no vectors of {bits} bits");
        var expected = devices.Expected(Operations[operation], shape, bits);
        var actual = devices.Result(Operations[operation], shape, bits);
        Assert.Equal(expected.Count, actual.Count);
        for (var output = 0; output < expected.Count; output++)
        {
            if (!expected[output].AsSpan().SequenceEqual(actual[output]))
                Assert.Fail(Difference(output, expected[output], actual[output]));
        }
    }

    public static TheoryData<string, BitsShape, ThreadOrder> CheckedCases()
    {
        var data = new TheoryData<string, BitsShape, ThreadOrder>();
        foreach (var shape in new[] { BitsShape.Vectors, BitsShape.LargeGroups, BitsShape.SmallGroups })
        {
            foreach (var operation in Operations.Keys)
            {
                foreach (var order in Enum.GetValues<ThreadOrder>())
                    data.Add(operation, shape, order);
            }
        }

        return data;
    }

    /// <summary>Checked mode finds nothing wrong, and the order of groups and threads does not change a bit.</summary>
    [Theory]
    [MemberData(nameof(CheckedCases))]
    public void CheckedModeGivesTheSameBitsInEveryOrder(string operation, BitsShape shape, ThreadOrder order)
    {
        var expected = devices.Expected(Operations[operation], shape, BitsDevices.Widths[0]);
        var actual = devices.Checked(Operations[operation], shape, order);
        Assert.Equal(expected.Count, actual.Count);
        for (var output = 0; output < expected.Count; output++)
        {
            if (!expected[output].AsSpan().SequenceEqual(actual[output]))
                Assert.Fail(Difference(output, expected[output], actual[output]));
        }
    }

    /// <summary>A kernel that nothing above compares fails here: write an operation that launches it.</summary>
    [SkippableFact]
    public void EveryKernelOfTheCatalogIsAmongThem()
    {
        Skip.If(BitsDevices.Widest < 512, "some kernels are for vectors of 512 bits");
        foreach (var (operation, shape, bits) in All())
            devices.Result(Operations[operation], shape, bits);
        Assert.Empty(KernelCatalog.All.Select(kernel => kernel.Name).Except(devices.Launched));

        // In large groups some kernels of GPU shape hold more values than vector code can, and in groups of 64 those with GELU: they run thread by thread there.
        Assert.DoesNotContain(
            devices.NotVectorized,
            kernel => !kernel.Contains(nameof(BitsShape.LargeGroups), StringComparison.Ordinal)
                && !(kernel.Contains(nameof(BitsShape.MediumGroups), StringComparison.Ordinal) && kernel.Contains("ForwardGelu", StringComparison.Ordinal)));
    }

    private static IEnumerable<(string Operation, BitsShape Shape, int Bits)> All() =>
        from shape in Enum.GetValues<BitsShape>()
        from operation in shape is BitsShape.MediumGroups or BitsShape.PanelsOf4 or BitsShape.PanelsOf8 or BitsShape.PanelsOf16 ? GemmBits.All.Select(gemm => gemm.Name) : Operations.Keys
        from bits in BitsDevices.Widths
        select (operation, shape, bits);

    private static string Difference(int output, int[] expected, int[] actual)
    {
        var at = Enumerable.Range(0, expected.Length).First(i => expected[i] != actual[i]);
        return $"output {output}, element {at} of {expected.Length}: {BitConverter.Int32BitsToSingle(actual[at]):R} ({actual[at]:X8}), "
            + $"expected {BitConverter.Int32BitsToSingle(expected[at]):R} ({expected[at]:X8})";
    }
}
