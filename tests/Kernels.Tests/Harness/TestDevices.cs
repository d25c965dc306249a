using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>
/// The devices that kernel tests run on, each opened once per process. A test is a theory over <see cref="All"/> (or <see cref="Fast"/>) in the
/// collection <see cref="Collection"/>, takes this class in its constructor, and calls <see cref="Get"/>, which skips what the machine lacks:
/// <code>
/// [Collection(TestDevices.Collection)]
/// public sealed class SoftmaxTests(TestDevices devices)
/// {
///     [SkippableTheory]
///     [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
///     public void RowsSumToOne(string name) { var device = devices.Get(name); ... }
/// }
/// </code>
/// The environment variable <c>ENGINE_REQUIRED_DEVICES</c> (names separated by commas) turns the skips of these devices into failures.
/// </summary>
public sealed class TestDevices : IDisposable
{
    /// <summary>The xunit collection that shares the devices; its tests run one after another.</summary>
    public const string Collection = "devices";

    private static readonly string[] Vector = ["cpu-512", "cpu-256", "cpu-128"];

    /// <summary>The vector CPU with the limits of other devices, which its launches keep to: it is given the kernels that they are given.</summary>
    private static readonly Dictionary<string, ComputeDeviceOptions> Limits = new()
    {
        [Small] = new ComputeDeviceOptions { MaxGroupSize = 64, SharedMemoryBytes = 16 * 1024, Threads = 2 },
        [Card] = new ComputeDeviceOptions { MaxGroupSize = 256, SharedMemoryBytes = 48 * 1024, Threads = 2 },
    };

    private readonly Dictionary<string, ComputeDevice> opened = [];
    private readonly Dictionary<string, Exception> failed = [];

    /// <summary>The vector CPU with groups of at most 64 threads and 16 KB of shared memory.</summary>
    public const string Small = "small";

    /// <summary>The vector CPU with groups of at most 256 threads and 48 KB of shared memory, what every NVIDIA card has.</summary>
    public const string Card = "card";

    /// <summary>
    /// ILGPU's CPU accelerator (a few million operations per second: small sizes), the vector CPU at every width and with the limits of GPUs, and the GPUs.
    /// </summary>
    public static TheoryData<string> All => [.. Names];

    /// <summary>All but ILGPU's CPU accelerator.</summary>
    public static TheoryData<string> Fast => [.. Names.Where(name => name != "ilgpu-cpu")];

    /// <summary>The names in <see cref="All"/>, for tests that combine them with other data.</summary>
    public static IReadOnlyList<string> Names { get; } = ["ilgpu-cpu", .. Vector, "cpu-checked", Small, Card, "opencl", "cuda"];

    /// <summary>Whether a device's limits leave it the GPU-shaped kernels only.</summary>
    public static bool HasOnlyGpuShapes(string name) => name is Small or Card;

    /// <summary>Returns an open device, or skips the test with the reason why there is none.</summary>
    /// <param name="name">A name of <see cref="Names"/>.</param>
    /// <returns>The device; it stays this class's.</returns>
    public ComputeDevice Get(string name)
    {
        if (!opened.TryGetValue(name, out var device) && !failed.ContainsKey(name))
        {
            try
            {
                device = Open(name);
                opened[name] = device;
            }
            catch (Exception exception)
            {
                failed[name] = exception;
            }
        }

        if (device is null)
        {
            // A device that is there and cannot run the probe is a failure, not a reason to skip.
            var failure = failed[name];
            var required = (Environment.GetEnvironmentVariable("ENGINE_REQUIRED_DEVICES") ?? string.Empty).Split(',').Contains(name);
            Skip.If(failure is ComputeException && !required, failure.Message);
            throw new InvalidOperationException($"{name}: {failure.Message}", failure);
        }

        return device;
    }

    /// <summary>Skips the test unless <c>ENGINE_FULL_TESTS=1</c>. For tests with <c>[Trait("Category", "Full")]</c>.</summary>
    public static void RequireFull() =>
        Skip.IfNot(Environment.GetEnvironmentVariable("ENGINE_FULL_TESTS") == "1", "a long test: set ENGINE_FULL_TESTS=1 to run it");

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var device in opened.Values)
            device.Dispose();
    }

    private static ComputeDevice Open(string name)
    {
        var device = name == "cpu-checked" ? ComputeDevice.Open("cpu", new ComputeDeviceOptions { Checked = true, ThreadOrder = ThreadOrder.Reversed })
            : Vector.Contains(name) ? ComputeDevice.Open("cpu", new ComputeDeviceOptions { VectorBits = int.Parse(name.AsSpan(4)), Threads = 2 })
            : Limits.TryGetValue(name, out var limits) ? ComputeDevice.Open("cpu", limits)
            : ComputeDevice.Open(name);
        try
        {
            using var buffer = device.Accelerator.Allocate1D<float>(1);
            device.Accelerator.LoadStreamKernel<ArrayView<float>>(Probe)(new KernelConfig(1, 1), buffer.View);
            device.Synchronize();
            Assert.Equal(1f, buffer.GetAsArray1D()[0]);
            return device;
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    // Public types only: this assembly's internals are not visible to the assembly that ILGPU generates.
    private static void Probe(ArrayView<float> x) => x[0] = 1f;
}

/// <summary>Ties <see cref="TestDevices"/> to its collection.</summary>
[CollectionDefinition(TestDevices.Collection)]
public sealed class DeviceCollection : ICollectionFixture<TestDevices>;
