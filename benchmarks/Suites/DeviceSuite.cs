using BenchmarkDotNet.Attributes;
using Engine.Benchmarks.SideBySide;
using Engine.Compute;

namespace Engine.Benchmarks.Suites;

/// <summary>What suites of kernels share: the vector CPU, and matrices that live as long as it.</summary>
public abstract class DeviceSuite
{
    private readonly List<DeviceMatrix> matrices = [];
    private ComputeDevice? device;

    /// <summary>Gets the device, opened for each set of parameters.</summary>
    protected ComputeDevice Device => device ??= ComputeDevice.Open("cpu");

    /// <summary>Gives back the device and the matrices.</summary>
    [GlobalCleanup]
    public virtual void Close()
    {
        matrices.ForEach(matrix => matrix.Dispose());
        matrices.Clear();
        device?.Dispose();
        device = null;
    }

    /// <summary>Makes a matrix of random numbers.</summary>
    /// <param name="length">How many.</param>
    /// <returns>The matrix.</returns>
    private protected DeviceMatrix Random(int length) => Keep(new DeviceMatrix(Device, length, matrices.Count));

    /// <summary>Makes a matrix of zeros.</summary>
    /// <param name="length">How many.</param>
    /// <returns>The matrix.</returns>
    private protected DeviceMatrix Zeros(int length) => Keep(new DeviceMatrix(Device, length));

    private DeviceMatrix Keep(DeviceMatrix matrix)
    {
        matrices.Add(matrix);
        return matrix;
    }
}
