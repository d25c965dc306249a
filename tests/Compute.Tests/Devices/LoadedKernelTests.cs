using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Compute.Tests.Devices;

/// <summary>Kernels that a device loads once: what is one kernel, what are two, and that they stay loaded when nobody else holds them.</summary>
public sealed class LoadedKernelTests
{
    private const int Length = 12;

    public interface IOffset
    {
        int Value { get; }
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("ilgpu-cpu")]
    public void AKernelHasOneLauncher(string selector)
    {
        using var device = ComputeDevice.Open(selector);
        var add = device.LoadOnce(Add<One>, KernelLoaders.LoadStreamKernel);
        Assert.Same(add, device.LoadOnce(Add<One>, KernelLoaders.LoadStreamKernel));
        var other = device.LoadOnce(Add<Two>, KernelLoaders.LoadStreamKernel);
        Assert.NotSame(add, other);
        var specialized = device.LoadOnce(AddSpecialized, KernelLoaders.LoadStreamKernel);
        Assert.Equal(1, Result(device, x => add(new KernelConfig(1, Length), x)));
        Assert.Equal(2, Result(device, x => other(new KernelConfig(1, Length), x)));
        Assert.Equal(3, Result(device, x => specialized(new KernelConfig(1, Length), SpecializedValue.New(3), x)));
        Assert.Equal(4, Result(device, x => specialized(new KernelConfig(1, Length), SpecializedValue.New(4), x)));
    }

    [Fact]
    public void ImplicitAndExplicitGroupsAreKernelsOfTheirOwn()
    {
        using var device = ComputeDevice.Open("cpu");
        var automatic = device.LoadOnce(Count, (accelerator, kernel) => accelerator.LoadAutoGroupedStreamKernel(kernel));
        var chosen = device.LoadOnce(Count, (accelerator, kernel) => accelerator.LoadImplicitlyGroupedStreamKernel(kernel, 4));
        Assert.NotSame(automatic, chosen);
        Assert.Equal(1, Result(device, x => automatic(Length, x)));
        Assert.Equal(1, Result(device, x => chosen(Length, x)));
    }

    [Fact]
    public void NothingIsCompiledAgainWhenNobodyElseHoldsTheLauncher()
    {
        using var device = ComputeDevice.Open("cpu");
        LoadAndRun(device);
        var compiled = device.CompiledKernels;
        Assert.Equal(2, compiled);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        LoadAndRun(device);
        Assert.Equal(compiled, device.CompiledKernels);
    }

    [Fact]
    public void DevicesHaveTheirOwnAndCloseThemAlone()
    {
        using var kept = ComputeDevice.Open("cpu");
        var add = kept.LoadOnce(Add<One>, KernelLoaders.LoadStreamKernel);
        using (var closed = ComputeDevice.Open("cpu"))
        {
            Assert.NotSame(add, closed.LoadOnce(Add<One>, KernelLoaders.LoadStreamKernel));
            LoadAndRun(closed);
        }

        LoadAndRun(kept);
        Assert.Same(add, kept.LoadOnce(Add<One>, KernelLoaders.LoadStreamKernel));
    }

    [Fact]
    public void ThreadsThatAskAtOnceGetOne()
    {
        using var device = ComputeDevice.Open("cpu");
        var loads = 0;
        var launchers = new Action<KernelConfig, SpecializedValue<int>, ArrayView<int>>[8];
        using var start = new Barrier(launchers.Length);
        var threads = Enumerable.Range(0, launchers.Length).Select(i => new Thread(() =>
        {
            start.SignalAndWait();
            launchers[i] = device.LoadOnce(AddSpecialized, (accelerator, kernel) =>
            {
                Interlocked.Increment(ref loads);
                return accelerator.LoadStreamKernel(kernel);
            });
            LoadAndRun(device);
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        Assert.Equal(1, loads);
        Assert.All(launchers, launcher => Assert.Same(launchers[0], launcher));
        Assert.Equal(2, device.CompiledKernels);
    }

    [Fact]
    public void AClosedDeviceLoadsNothing()
    {
        var device = ComputeDevice.Open("cpu");
        device.LoadOnce(Add<One>, KernelLoaders.LoadStreamKernel);
        device.Dispose();
        var exception = Assert.Throws<ObjectDisposedException>(() => device.LoadOnce(Add<One>, KernelLoaders.LoadStreamKernel));
        Assert.Contains("load while it is open", exception.Message, StringComparison.Ordinal);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void LoadAndRun(ComputeDevice device)
    {
        Assert.Equal(1, Result(device, x => device.LoadOnce(Add<One>, KernelLoaders.LoadStreamKernel)(new KernelConfig(1, Length), x)));
        Assert.Equal(
            3, Result(device, x => device.LoadOnce(AddSpecialized, KernelLoaders.LoadStreamKernel)(new KernelConfig(1, Length), SpecializedValue.New(3), x)));
    }

    /// <summary>What a launch adds to each of <see cref="Length"/> zeros.</summary>
    private static int Result(ComputeDevice device, Action<ArrayView<int>> launch)
    {
        using var buffer = device.Accelerator.Allocate1D<int>(Length);
        buffer.MemSetToZero();
        launch(buffer.View);
        device.Synchronize();
        return Assert.Single(buffer.GetAsArray1D().Distinct());
    }

    private static void Add<TOffset>(ArrayView<int> x)
        where TOffset : struct, IOffset => x[Group.IdxX] += default(TOffset).Value;

    private static void Count(Index1D index, ArrayView<int> x) => x[index] += 1;

    private static void AddSpecialized(SpecializedValue<int> offset, ArrayView<int> x) => x[Group.IdxX] += offset;

    private readonly struct One : IOffset
    {
        public int Value => 1;
    }

    private readonly struct Two : IOffset
    {
        public int Value => 2;
    }
}
