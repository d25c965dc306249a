using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.OpenCL;
using Xunit;

namespace Engine.Compute.Tests.Runtime;

/// <summary>Several contexts and accelerators in one process, and launches from several threads.</summary>
public sealed class AcceleratorTests
{
    private const int Length = 5000;

    [Fact]
    public void AcceleratorsOfOneContextKeepTheirWarpSizes()
    {
        using var context = Context.Create(builder => builder.CPU());
        var widths = new[] { 128, 256, 512 }.Where(bits => bits <= Vector.VectorWidth.Widest).ToArray();
        var accelerators = widths.Select(bits => context.CreateVectorCpuAccelerator(new() { VectorBits = bits })).ToList();
        accelerators.Add(context.CreateCPUAccelerator(0));
        foreach (var accelerator in accelerators)
        {
            using var warps = accelerator.Allocate1D<int>(64);
            accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>>(WriteWarpSize)(64, warps.View);
            accelerator.Synchronize();
            Assert.Equal(Enumerable.Repeat(accelerator.WarpSize, 64), warps.GetAsArray1D());
        }

        Assert.Equal([.. widths.Select(bits => bits / 32), accelerators[^1].WarpSize], accelerators.Select(accelerator => accelerator.WarpSize));
        accelerators.ForEach(accelerator => accelerator.Dispose());
    }

    [Fact]
    public void ContextsThatOpenAndCloseAtTheSameTimeDoNotDisturbEachOther()
    {
        Parallel.For(0, 8, number =>
        {
            using var context = Context.Create(builder => builder.CPU());
            using var first = context.CreateVectorCpuAccelerator(new() { Threads = 2 });
            using var second = context.CreateVectorCpuAccelerator(new() { Threads = 1, VectorBits = 128 });
            foreach (var accelerator in new[] { first, second })
            {
                using var numbers = accelerator.Allocate1D(Enumerable.Range(number, Length).ToArray());
                accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, int>(Multiply)(Length, numbers.View, number);
                accelerator.Synchronize();
                Assert.Equal(Enumerable.Range(number, Length).Select(i => i * number), numbers.GetAsArray1D());
            }
        });
    }

    [Fact]
    public void AcceleratorsThatOpenAtTheSameTimeInOneContextWork()
    {
        using var context = Context.Create(builder => builder.CPU());
        Parallel.For(0, 8, number =>
        {
            using var accelerator = context.CreateVectorCpuAccelerator(new() { Threads = 1 });
            using var numbers = accelerator.Allocate1D(Enumerable.Range(number, 300).ToArray());
            using var sums = accelerator.Allocate1D<int>(3);
            accelerator.LoadStreamKernel<ArrayView<int>, ArrayView<int>>(SumOfGroup)((3, 100), numbers.View, sums.View);
            Assert.Equal(Enumerable.Range(0, 3).Select(group => Enumerable.Range(number + (group * 100), 100).Sum()), sums.GetAsArray1D());
        });
    }

    [Fact]
    public void ThreadsThatLoadAndLaunchTheSameKernelGetTheirOwnResults()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = context.CreateVectorCpuAccelerator(new() { Threads = 2 });
        var shared = accelerator.LoadStreamKernel<ArrayView<int>, int>(MultiplyInGroups);
        Parallel.For(0, 8, number =>
        {
            using var stream = accelerator.CreateStream();
            var own = accelerator.LoadKernel<ArrayView<int>, int>(MultiplyInGroups);
            using var numbers = accelerator.Allocate1D<int>(Length);
            var expected = Enumerable.Range(0, Length).ToArray();
            numbers.CopyFromCPU(stream, expected);
            for (var round = 0; round < 20; round++)
            {
                // Each thread and round another group shape, of some this is the first launch.
                var group = 32 + (8 * ((number + round) % 6));
                var groups = (Length + group - 1) / group;
                if (round % 2 == 0) own(stream, (groups, group), numbers.View, number + 3);
                else shared((groups, group), numbers.View, number + 3);
                for (var i = 0; i < Length; i++) expected[i] = unchecked(expected[i] * (number + 3));
            }

            var actual = new int[Length];
            numbers.View.CopyToCPU(stream, actual);
            Assert.Equal(expected, actual);
        });
    }

    [Fact]
    public void ThreadsMayAllocateAndDisposeAtTheSameTime()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = (Vector.VectorAccelerator)context.CreateVectorCpuAccelerator(new() { Threads = 1 });
        Parallel.For(0, 4, number =>
        {
            for (var round = 0; round < 200; round++)
            {
                using var buffer = accelerator.Allocate1D<int>(100 + round);
                buffer.View.MemSet((byte)number);
                Assert.All(buffer.GetAsArray1D(), value => Assert.Equal(number * 0x01010101, value));
            }
        });
        Assert.Equal(0, accelerator.Allocations.Count);
    }

    [Fact]
    public void MemoryOfAcceleratorsOnTheProcessorIsReadInPlace()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = context.CreateVectorCpuAccelerator();
        using var vector = context.CreateVectorCpuAccelerator(new() { VectorBits = 128 });
        using var emulated = context.CreateCPUAccelerator(0);
        foreach (var other in new[] { vector, emulated })
        {
            Assert.True(accelerator.CanAccessPeer(other));
            Assert.False(accelerator.HasPeerAccess(other));
            Assert.True(accelerator.EnablePeerAccess(other));
            Assert.True(accelerator.HasPeerAccess(other));
            using var numbers = other.Allocate1D(Enumerable.Range(0, Length).ToArray());
            accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, int>(Multiply)(Length, numbers.View, 3);
            Assert.Equal(Enumerable.Range(0, Length).Select(i => 3 * i), numbers.GetAsArray1D());
            Assert.True(accelerator.DisablePeerAccess(other));
            Assert.False(accelerator.HasPeerAccess(other));
        }

        Assert.True(accelerator.EnableBidirectionalPeerAccess(vector));
        vector.Dispose();
        Assert.False(accelerator.HasPeerAccess(vector));
    }

    [SkippableFact]
    public void MemoryOfOpenClIsNotReadInPlace()
    {
        using var context = DeviceContexts.OpenCl(out var problem);
        Skip.If(context is null, problem);
        using var accelerator = context!.CreateVectorCpuAccelerator();
        using var other = context!.CreateCLAccelerator(0);
        Assert.False(accelerator.CanAccessPeer(other));
        Assert.False(accelerator.EnablePeerAccess(other));
        using var numbers = other.Allocate1D<int>(10);
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, int>(Multiply);
        var exception = Assert.Throws<ArgumentException>(() => kernel(10, numbers.View, 3));
        Assert.Contains("copy it there", exception.Message, StringComparison.Ordinal);
    }

    private static void WriteWarpSize(Index1D index, ArrayView<int> warps) => warps[index] = Warp.WarpSize;

    private static void Multiply(Index1D index, ArrayView<int> numbers, int factor) => numbers[index] *= factor;

    private static void MultiplyInGroups(ArrayView<int> numbers, int factor)
    {
        if (Grid.GlobalIndex.X < numbers.Length) numbers[Grid.GlobalIndex.X] *= factor;
    }

    private static void SumOfGroup(ArrayView<int> numbers, ArrayView<int> sums) =>
        sums[Grid.IdxX] = ILGPU.Algorithms.GroupExtensions.AllReduce<int, ILGPU.Algorithms.ScanReduceOperations.AddInt32>(numbers[Grid.GlobalIndex.X]);
}
