using System.Diagnostics;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Compute.Tests.Devices;

public sealed class DeviceSelectionTests
{
    [Theory]
    [InlineData("auto", DeviceKind.Auto, 0)]
    [InlineData("cpu", DeviceKind.Cpu, 0)]
    [InlineData("cuda", DeviceKind.Cuda, 0)]
    [InlineData("cuda:3", DeviceKind.Cuda, 3)]
    [InlineData("opencl:1", DeviceKind.OpenCL, 1)]
    [InlineData("ilgpu-cpu", DeviceKind.IlgpuCpu, 0)]
    public void SelectorsAreRead(string text, DeviceKind kind, int index) =>
        Assert.Equal(new DeviceSelector(kind, index), DeviceSelector.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("gpu")]
    [InlineData("CPU")]
    [InlineData("cpu:0")]
    [InlineData("ilgpu-cpu:1")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda:x")]
    [InlineData("opencl:1:2")]
    public void WhatNamesNoDeviceIsOneLineThatSaysWhatWould(string text)
    {
        var exception = Assert.Throws<ComputeException>(() => ComputeDevice.Open(text));
        Assert.Contains($"'{text}'", exception.Message, StringComparison.Ordinal);
        Assert.Contains("expected auto, cpu, cuda", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }

    [Fact]
    public void ADeviceThatIsNamedAndMissingIsAnError()
    {
        var exception = Assert.Throws<ComputeException>(() => ComputeDevice.Open("cuda:99"));
        Assert.Contains("cuda:99 cannot be used", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }

    [Fact]
    public void AutoAlwaysFindsADeviceAndSaysWhatItPassedOver()
    {
        using var device = ComputeDevice.Open();
        Assert.True(device.Kind is DeviceKind.Cuda or DeviceKind.Cpu);
        // A card that a driver offers and that cannot be used is worth a line; a machine without a driver has nothing to say.
        bool driver = NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvcuda" : "libcuda.so.1", out _);
        Assert.Equal(driver && device.Kind == DeviceKind.Cpu ? 1 : 0, device.Notes.Count);
    }

    [Fact]
    public void LookingForGpusDoesNotSlowTheProcessorDown()
    {
        // The first context of a process pays for much that has nothing to do with GPUs.
        ComputeDevice.Open("cpu").Dispose();
        var direct = double.MaxValue;
        var auto = double.MaxValue;

        // Other processes may take the processor away at any time: the best of several rounds counts, as many as it takes.
        for (var round = 0; round < 10 && (round < 2 || auto - direct >= 100); round++)
        {
            direct = Math.Min(direct, Time("cpu", out _));
            auto = Math.Min(auto, Time("auto", out var kind));
            if (kind != DeviceKind.Cpu)
            {
                return;
            }
        }

        Assert.True(auto - direct < 100, $"cpu opens in {direct:F1} ms, auto in {auto:F1} ms");

        static double Time(string selector, out DeviceKind kind)
        {
            var start = Stopwatch.GetTimestamp();
            using var device = ComputeDevice.Open(selector);
            kind = device.Kind;
            return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
    }

    [Fact]
    public void EveryKindIsListed()
    {
        var kinds = ComputeDevice.List().Select(device => device.Kind).ToHashSet();
        Assert.Superset(new HashSet<DeviceKind> { DeviceKind.Cpu, DeviceKind.Cuda, DeviceKind.OpenCL, DeviceKind.IlgpuCpu }, kinds);
        Assert.All(ComputeDevice.List(), device => Assert.True(device.Problem is null ? device.MaxGroupSize > 0 : !device.Problem.Contains('\n', StringComparison.Ordinal)));
    }

    [Fact]
    public void OptionsThatCannotBeMetAreErrors()
    {
        Assert.Contains("threads", Assert.Throws<ComputeException>(() => ComputeDevice.Open("cpu", new() { Threads = -1 })).Message, StringComparison.Ordinal);
        Assert.Contains("384", Assert.Throws<ComputeException>(() => ComputeDevice.Open("cpu", new() { VectorBits = 384 })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(128, 4)]
    [InlineData(256, 8)]
    [InlineData(512, 16)]
    public void AWarpIsOneVectorOfFloats(int bits, int warp)
    {
        if (bits > Vector.VectorWidth.Widest)
        {
            Assert.Throws<ComputeException>(() => ComputeDevice.Open("cpu", new() { VectorBits = bits }));
            return;
        }

        using var device = ComputeDevice.Open("cpu", new() { VectorBits = bits, Threads = 1 });
        Assert.Equal(warp, device.Accelerator.WarpSize);
        Assert.Equal(warp, device.Tiles.RowGroupSize);
        Assert.Equal(1024, device.Tiles.ElementGroupSize);
        Assert.True(device.Tiles.PanelGemm);
    }

    [Theory]
    [InlineData(-1, 0, "groups of at most -1 threads")]
    [InlineData(2, 0, "groups of at most 2 threads")]
    [InlineData(1025, 0, "groups of at most 1025 threads")]
    [InlineData(0, -1, "-1 bytes of shared memory")]
    [InlineData(0, (1 << 20) + 1, "1048577 bytes of shared memory")]
    public void LimitsThatTheVectorCpuDoesNotHaveAreErrors(int maxGroupSize, int sharedMemoryBytes, string expected)
    {
        var exception = Assert.Throws<ComputeException>(
            () => ComputeDevice.Open("cpu", new() { VectorBits = 128, MaxGroupSize = maxGroupSize, SharedMemoryBytes = sharedMemoryBytes }));
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }

    [Fact]
    public void LaunchesKeepToLowerLimits()
    {
        using var device = ComputeDevice.Open("cpu", new() { VectorBits = 128, Threads = 1, MaxGroupSize = 64, SharedMemoryBytes = 255 });
        Assert.Equal((64, 64, 64, 255, false), (
            device.Tiles.MaxGroupSize, device.Tiles.RowGroupSize, device.Tiles.ElementGroupSize, device.Tiles.SharedMemoryBytes, device.Tiles.PanelGemm));
        using var x = device.Accelerator.Allocate1D<int>(65);
        var fill = device.Accelerator.LoadStreamKernel<ArrayView<int>>(LimitKernels.Fill);
        fill((1, 64), x.View);
        Assert.Contains("expected 1 to 64", Assert.Throws<ArgumentOutOfRangeException>(() => fill((1, 65), x.View)).Message, StringComparison.Ordinal);

        // An implicitly grouped kernel is given groups that the device takes.
        device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>>(LimitKernels.Count)(65, x.View);
        Assert.Equal(Enumerable.Range(0, 65), x.GetAsArray1D());
        var reverse = device.Accelerator.LoadStreamKernel<ArrayView<int>, ArrayView<int>>(OpenClTests.ReverseTiles);
        Assert.Contains(
            "256 bytes of shared memory", Assert.Throws<ArgumentOutOfRangeException>(() => reverse((1, 64), x.View, x.View)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TilesFollowLimitsNotKinds()
    {
        var emulated = TileTable.For(4, 16, int.MaxValue);
        Assert.Equal((16, 16, true), (emulated.RowGroupSize, emulated.ElementGroupSize, emulated.PanelGemm));
        var card = TileTable.For(32, 1024, 48 * 1024);
        Assert.Equal((128, 256, false), (card.RowGroupSize, card.ElementGroupSize, card.PanelGemm));
    }
}
