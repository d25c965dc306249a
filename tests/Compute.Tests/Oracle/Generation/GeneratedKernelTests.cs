using System.Globalization;
using Engine.Compute.Vector;
using ILGPU;
using Xunit;
using Xunit.Abstractions;

namespace Engine.Compute.Tests.Oracle.Generation;

/// <summary>Random kernels give the oracle's bits at every vector width. The seeds are fixed; ENGINE_KERNEL_SEEDS=first:count tries others.</summary>
public sealed class GeneratedKernelTests : IClassFixture<OracleTests.DeviceCache>
{
    private const int SeedsPerBatch = 10;

    private readonly OracleTests.DeviceCache devices;
    private readonly ITestOutputHelper output;

    public GeneratedKernelTests(OracleTests.DeviceCache devices, ITestOutputHelper output)
    {
        this.devices = devices;
        this.output = output;
    }

    public static TheoryData<int> Batches()
    {
        var range = (Environment.GetEnvironmentVariable("ENGINE_KERNEL_SEEDS") ?? "0:60").Split(':');
        var first = int.Parse(range[0], CultureInfo.InvariantCulture);
        var count = int.Parse(range[1], CultureInfo.InvariantCulture);
        var data = new TheoryData<int>();
        for (var seed = first; seed < first + count; seed += SeedsPerBatch)
        {
            data.Add(seed);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Batches))]
    public void RandomKernelsGiveTheOraclesBits(int firstSeed) => Check(firstSeed, SeedsPerBatch);

    [SkippableFact]
    [Trait("Category", "Full")]
    public void AThousandRandomKernelsGiveTheOraclesBits()
    {
        Skip.IfNot(Environment.GetEnvironmentVariable("ENGINE_FULL_TESTS") == "1", "a thousand kernels take minutes; set ENGINE_FULL_TESTS=1 to run them");
        Check(0, 1000);
    }

    private void Check(int firstSeed, int count)
    {
        var failures = new List<string>();
        for (var seed = firstSeed; seed < firstSeed + count; seed++)
        {
            foreach (var bits in new[] { 32, 128, 256, 512 }.Where(bits => bits <= VectorWidth.Widest))
            {
                if (Problem(seed, bits, new HashSet<int>(), out _) is { } problem)
                {
                    failures.Add($"seed {seed}, {bits} bits: {problem}");
                    output.WriteLine($"{failures[^1]}; the shortest that fails:\n{Reduced(seed, bits)}");
                    break;
                }
            }
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    /// <summary>Leaves out statements for as long as the kernel still fails.</summary>
    private string Reduced(int seed, int bits)
    {
        var skipped = new HashSet<int>();
        for (var before = -1; before != skipped.Count;)
        {
            before = skipped.Count;
            for (var statement = 0; statement < KernelGenerator.MaxStatements; statement++)
            {
                if (skipped.Add(statement) && Problem(seed, bits, skipped, out _) is null)
                {
                    skipped.Remove(statement);
                }
            }
        }

        var problem = Problem(seed, bits, skipped, out var source);
        return $"{problem}\n{source}";
    }

    private string? Problem(int seed, int bits, IReadOnlySet<int> skipped, out string source)
    {
        var group = KernelGenerator.GroupOf(seed);
        var config = new KernelConfig(new Index3D(2, 1, 1), group);
        var warp = KernelGenerator.KindOf(seed) == KernelKind.Warps ? OracleTests.WarpOf(bits) : 4;
        try
        {
            var method = KernelGenerator.Generate(seed, skipped, out source);
            var expected = OracleLaunch.Run(devices.Oracle(warp), method, config, 100 + seed);
            var actual = OracleLaunch.Run(devices.Vector(bits), method, config, 100 + seed);
            for (var k = 0; k < OracleLaunch.Length; k++)
            {
                if (expected.X[k] != actual.X[k] || expected.Y[k] != actual.Y[k])
                {
                    return $"groups of {group}, thread {k / KernelGenerator.SlotsPerThread}, slot {k % KernelGenerator.SlotsPerThread}: "
                        + $"x {BitConverter.Int32BitsToSingle(actual.X[k]):R} for {BitConverter.Int32BitsToSingle(expected.X[k]):R}, y {actual.Y[k]} for {expected.Y[k]}";
                }
            }

            return null;
        }
        catch (Exception exception) when (exception is InternalCompilerException or NotSupportedException or InvalidOperationException or NullReferenceException)
        {
            source = string.Empty;
            return ComputeDevice.OneLine(exception);
        }
    }
}
