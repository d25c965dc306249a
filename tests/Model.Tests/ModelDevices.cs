using Engine.Compute;
using Xunit;

namespace Engine.Model.Tests;

/// <summary>The devices that model tests run on, each opened once; tests of the collection run one after another.</summary>
public sealed class ModelDevices : IDisposable
{
    /// <summary>The collection that shares the devices.</summary>
    public const string Collection = "model devices";

    /// <summary>The vector CPU with groups of at most 64 threads and 16 KB of shared memory, which its launches keep to: it gets the GPU-shaped kernels.</summary>
    public const string Small = "small";

    private readonly Dictionary<(string Selector, int Threads), ComputeDevice> opened = [];

    /// <summary>An open device; it stays this class's.</summary>
    public ComputeDevice Get(string selector, int threads = 0)
    {
        if (!opened.TryGetValue((selector, threads), out var device))
        {
            device = selector == Small
                ? ComputeDevice.Open("cpu", new ComputeDeviceOptions { Threads = threads, MaxGroupSize = 64, SharedMemoryBytes = 16 * 1024 })
                : ComputeDevice.Open(selector, new ComputeDeviceOptions { Threads = threads });
            opened.Add((selector, threads), device);
        }

        return device;
    }

    public void Dispose()
    {
        foreach (var device in opened.Values)
            device.Dispose();
    }
}

[CollectionDefinition(ModelDevices.Collection)]
public sealed class ModelDevicesCollection : ICollectionFixture<ModelDevices>;
