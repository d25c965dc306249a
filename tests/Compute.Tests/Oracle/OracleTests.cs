using System.Reflection;
using Engine.Compute.Vector;
using Xunit;

namespace Engine.Compute.Tests.Oracle;

/// <summary>
/// Kernels on the vector accelerator give the bits that ILGPU's CPU accelerator gives, which calls the kernel's .NET method once per
/// thread: at every vector width and thread by thread, contraction off.
/// </summary>
public sealed class OracleTests : IClassFixture<OracleTests.DeviceCache>
{
    private static readonly Type[] Classes =
    [
        typeof(ControlFlowKernels), typeof(MemoryKernels), typeof(ArithmeticKernels), typeof(HalfKernels), typeof(CallKernels), typeof(LocalAddressKernels),
        typeof(AtomicKernels), typeof(ThreadKernels), typeof(LibraryKernels), typeof(SmallKernels), typeof(DivergentKernels),
    ];

    private readonly DeviceCache devices;

    public OracleTests(DeviceCache devices) => this.devices = devices;

    public static TheoryData<string, int, int> Cases()
    {
        var data = new TheoryData<string, int, int>();
        foreach (var kernels in Classes)
        {
            foreach (var (name, number) in OracleCaseAttribute.Of(kernels))
            {
                foreach (var bits in new[] { 32, 128, 256, 512 })
                {
                    data.Add(name, number, bits);
                }
            }
        }

        return data;
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void TheVectorAcceleratorGivesTheOraclesBits(string kernel, int number, int bits)
    {
        Skip.If(bits > VectorWidth.Widest, $"the processor has no vectors of {bits} bits");
        var method = Find(kernel);
        var launch = method.GetCustomAttributes<OracleCaseAttribute>().ElementAt(number);
        var warp = WarpOf(bits);
        Skip.If(launch.WarpGroup && launch.GroupSize % warp != 0, "the group has no full warps");
        var expected = OracleLaunch.Run(devices.Oracle(warp), method, launch.Config, launch.N);
        var actual = OracleLaunch.Run(devices.Vector(bits), method, launch.Config, launch.N);
        Assert.Equal(expected.Y, actual.Y);
        Assert.Equal(expected.X, actual.X);
    }

    [Fact]
    public void OnlyKernelsWhoseThreadsWaitApartRunThreadByThread()
    {
        using var device = ComputeDevice.Open("cpu", new() { Contraction = false });
        foreach (var method in Classes.SelectMany(kernels => kernels.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)))
        {
            foreach (var launch in method.GetCustomAttributes<OracleCaseAttribute>().Where(launch => !launch.WarpGroup || launch.GroupSize % WarpOf(VectorWidth.Widest) == 0))
            {
                OracleLaunch.Run(device, method, launch.Config, launch.N);
            }
        }

        var apart = typeof(DivergentKernels).GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Append(typeof(ThreadKernels).GetMethod(nameof(ThreadKernels.BarriersInAShrinkingLoop))!)
            .Select(method => $"{method.DeclaringType!.Name}.{method.Name}");
        Assert.Equal(apart.Order(StringComparer.Ordinal), device.KernelsRunByThread.Order(StringComparer.Ordinal));
    }

    /// <summary>The threads of a warp: the lanes of a vector of floats, or 4 where threads run one by one.</summary>
    internal static int WarpOf(int bits) => bits == VectorWidth.Scalar ? 4 : bits / 32;

    /// <summary>Finds a kernel by its name.</summary>
    internal static MethodInfo Find(string kernel) => Classes.Select(kernels => kernels.GetMethod(kernel)).First(found => found is not null)!;

    /// <summary>Devices that stay open for all cases: the oracle starts one thread of the system for every thread of a group.</summary>
    public sealed class DeviceCache : IDisposable
    {
        private readonly Dictionary<(string, int), ComputeDevice> opened = [];

        public ComputeDevice Oracle(int warp) =>
            Get("ilgpu-cpu", warp, new() { EmulatedWarpSize = warp, EmulatedWarpsPerGroup = 64 / warp });

        public ComputeDevice Vector(int bits) => Get("cpu", bits, new() { VectorBits = bits, Contraction = false, Threads = 2 });

        public void Dispose()
        {
            foreach (var device in opened.Values)
            {
                device.Dispose();
            }
        }

        private ComputeDevice Get(string selector, int key, ComputeDeviceOptions options)
        {
            if (!opened.TryGetValue((selector, key), out var device))
            {
                device = ComputeDevice.Open(selector, options);
                opened.Add((selector, key), device);
            }

            return device;
        }
    }
}
