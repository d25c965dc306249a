using ILGPU;
using ILGPU.Backends;
using ILGPU.Backends.EntryPoints;
using ILGPU.Backends.OpenCL;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Compute.Tests.Devices;

public sealed class OpenClTests
{
    /// <summary>Set where OpenCL was installed for the tests: skipping them is a failure there.</summary>
    private const string Required = "ENGINE_REQUIRE_OPENCL";

    public static void ReverseTiles(ArrayView<int> x, ArrayView<int> y)
    {
        var tile = SharedMemory.Allocate<int>(64);
        tile[Group.IdxX] = x[Grid.GlobalIndex.X];
        Group.Barrier();
        y[Grid.GlobalIndex.X] = tile[Group.DimX - 1 - Group.IdxX];
    }

    [SkippableFact]
    public void ADeviceOpensWhereOneIsRequired()
    {
        var found = ComputeDevice.List().First(device => device.Kind == DeviceKind.OpenCL);
        Assert.False(found.Problem is not null && Environment.GetEnvironmentVariable(Required) == "1", $"{Required} is set, yet: {found.Problem}");
        Skip.If(found.Problem is not null, $"no OpenCL device: {found.Problem}");
        using var device = ComputeDevice.Open("opencl");
        Assert.Equal(DeviceKind.OpenCL, device.Kind);
    }

    [SkippableFact]
    public void SharedMemoryIsSeenAcrossBarriers()
    {
        using var device = OpenOrSkip();
        var input = Enumerable.Range(0, 256).ToArray();
        using var x = device.Accelerator.Allocate1D(input);
        using var y = device.Accelerator.Allocate1D<int>(input.Length);
        device.Accelerator.LoadStreamKernel<ArrayView<int>, ArrayView<int>>(ReverseTiles)((4, 64), x.View, y.View);
        device.Synchronize();
        Assert.Equal(input.Chunk(64).SelectMany(tile => tile.Reverse()), y.GetAsArray1D());
    }

    [SkippableFact]
    public void BarriersFenceSharedAndGlobalMemory()
    {
        using var device = OpenOrSkip();
        var entry = EntryPointDescription.FromExplicitlyGroupedKernel(typeof(OpenClTests).GetMethod(nameof(ReverseTiles))!);
        var compiled = (CLCompiledKernel)device.Accelerator.GetBackend().Compile(entry, default);
        Assert.Contains("work_group_barrier ( CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE )", compiled.Source, StringComparison.Ordinal);
        Assert.DoesNotContain("__generic", compiled.Source, StringComparison.Ordinal);
    }

    private static ComputeDevice OpenOrSkip()
    {
        try
        {
            return ComputeDevice.Open("opencl");
        }
        catch (ComputeException exception) when (Environment.GetEnvironmentVariable(Required) != "1")
        {
            throw new SkipException(exception.Message);
        }
    }
}
