using System.Runtime.Intrinsics;
using Engine.Compute;

namespace Engine.Kernels.Tests;

/// <summary>Which shapes kernels choose: sizes that are those of a processor, of a card, of a device of small groups.</summary>
public enum BitsShape
{
    /// <summary>Groups of a warp, which is one vector: kernels of CPU shape.</summary>
    Vectors,

    /// <summary>Groups of 128 and 256 threads: kernels of GPU shape.</summary>
    LargeGroups,

    /// <summary>Matrix products in groups of 64 threads.</summary>
    MediumGroups,

    /// <summary>Groups of 16 threads: the smaller kernels of GPU shape.</summary>
    SmallGroups,

    /// <summary>Matrix products made for vectors of 4 floats, whatever the vectors.</summary>
    PanelsOf4,

    /// <summary>Matrix products made for vectors of 8 floats, whatever the vectors.</summary>
    PanelsOf8,

    /// <summary>Matrix products made for vectors of 16 floats, whatever the vectors.</summary>
    PanelsOf16,
}

/// <summary>Runs operations on the vector CPU and on the oracle, both told the same sizes; every run is done once.</summary>
public sealed class BitsDevices : IDisposable
{
    /// <summary>Width that stands for running thread by thread.</summary>
    private const int Scalar = 32;

    private readonly Dictionary<(BitsShape, int), ComputeDevice> vectors = [];
    private readonly Dictionary<(BitsShape, int), ComputeDevice> oracles = [];
    private readonly Dictionary<(BitsShape, ThreadOrder), ComputeDevice> checkedDevices = [];
    private readonly Dictionary<(string, BitsShape, int), IReadOnlyList<int[]>> results = [];
    private readonly Dictionary<(string, BitsShape, int), IReadOnlyList<int[]>> expectations = [];
    private readonly List<LaunchProfile> profiles = [];

    /// <summary>Gets the widths: thread by thread, and of vectors in bits.</summary>
    public static IReadOnlyList<int> Widths { get; } = [Scalar, 128, 256, 512];

    /// <summary>Gets the widest vectors of the processor in bits.</summary>
    public static int Widest => Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;

    /// <summary>Gets the kernels that were launched on the vector CPU, by their names in the catalog.</summary>
    public IReadOnlySet<string> Launched => profiles.SelectMany(profile => profile.Kernels).Select(time => time.Kernel).ToHashSet();

    /// <summary>Gets the kernels that the vector CPU did not make vector code of though it was to, with the width.</summary>
    public IReadOnlyList<string> NotVectorized =>
        [.. vectors.Where(pair => pair.Key.Item2 != Scalar).SelectMany(pair => pair.Value.KernelsRunByThread.Select(kernel => $"{kernel}, {pair.Key.Item1}, {pair.Key.Item2} bits"))];

    /// <summary>What an operation gives on the vector CPU.</summary>
    internal IReadOnlyList<int[]> Result(BitsOperation operation, BitsShape shape, int bits)
    {
        if (!results.TryGetValue((operation.Name, shape, bits), out var result))
            results[(operation.Name, shape, bits)] = result = Run(operation, Vector(shape, bits));
        return result;
    }

    /// <summary>What an operation gives on ILGPU's CPU accelerator, which calls a kernel's .NET method once a thread.</summary>
    internal IReadOnlyList<int[]> Expected(BitsOperation operation, BitsShape shape, int bits)
    {
        var warp = OracleWarp(shape, bits);
        if (!expectations.TryGetValue((operation.Name, shape, warp), out var expected))
            expectations[(operation.Name, shape, warp)] = expected = Run(operation, Oracle(shape, warp));
        return expected;
    }

    /// <summary>What an operation gives in checked mode, with warps of 4.</summary>
    internal IReadOnlyList<int[]> Checked(BitsOperation operation, BitsShape shape, ThreadOrder order)
    {
        if (!checkedDevices.TryGetValue((shape, order), out var device))
        {
            checkedDevices[(shape, order)] = device = ComputeDevice.Open("cpu", new()
            {
                Checked = true,
                VectorBits = Scalar,
                Contraction = false,
                ThreadOrder = order,
                ThreadOrderSeed = 11,
                Tiles = Tiles(shape, OracleWarp(shape, Scalar)),
            });
        }

        return Run(operation, device);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var device in vectors.Values.Concat(oracles.Values).Concat(checkedDevices.Values))
            device.Dispose();
    }

    private static IReadOnlyList<int[]> Run(BitsOperation operation, ComputeDevice device)
    {
        using var run = new BitsRun(device);
        operation.Run(run);
        return run.Results();
    }

    private ComputeDevice Vector(BitsShape shape, int bits)
    {
        if (!vectors.TryGetValue((shape, bits), out var device))
        {
            vectors[(shape, bits)] = device = ComputeDevice.Open("cpu", new() { VectorBits = bits, Contraction = false, Threads = 2, Tiles = Tiles(shape, OracleWarp(shape, bits)) });
            profiles.Add(device.StartProfile());
        }

        return device;
    }

    private ComputeDevice Oracle(BitsShape shape, int warp)
    {
        if (!oracles.TryGetValue((shape, warp), out var device))
        {
            var tiles = Tiles(shape, warp);
            oracles[(shape, warp)] = device = ComputeDevice.Open(
                "ilgpu-cpu", new() { EmulatedWarpSize = warp, EmulatedWarpsPerGroup = tiles.MaxGroupSize / warp, Tiles = tiles });
        }

        return device;
    }

    /// <summary>Threads of the oracle's warps. Only kernels of CPU shape look at warps, which are vectors to them.</summary>
    private static int OracleWarp(BitsShape shape, int bits) => shape switch
    {
        BitsShape.Vectors => bits == Scalar ? 4 : bits / 32,
        BitsShape.LargeGroups => 32,
        _ => 4,
    };

    private static TileTable Tiles(BitsShape shape, int warp)
    {
        const int Megabyte = 1 << 20, CardShared = 48 << 10;
        return shape switch
        {
            BitsShape.Vectors => Make(warp, 32, Megabyte, warp, 32, shuffles: true),
            BitsShape.LargeGroups => Make(warp, 256, CardShared, 128, 256, shuffles: true),
            BitsShape.MediumGroups => Make(warp, 64, CardShared, 64, 64, shuffles: false),
            BitsShape.SmallGroups => Make(warp, 16, CardShared, 16, 16, shuffles: false),
            BitsShape.PanelsOf4 => Make(warp, 16, Megabyte, 4, 16, shuffles: false),
            BitsShape.PanelsOf8 => Make(warp, 16, Megabyte, 8, 16, shuffles: false),
            _ => Make(warp, 16, Megabyte, 16, 16, shuffles: false),
        };

        static TileTable Make(int warp, int group, int shared, int row, int element, bool shuffles) => new()
        {
            WarpSize = warp,
            MaxGroupSize = group,
            SharedMemoryBytes = shared,
            RowGroupSize = row,
            ElementGroupSize = element,
            PanelGemm = shared == Megabyte,
            WarpShuffles = shuffles,
        };
    }
}
