using System.Diagnostics;
using System.Reflection;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using Xunit;

namespace Engine.Compute.Tests.Runtime;

/// <summary>Several streams of one accelerator, and the profiling markers on them.</summary>
public sealed class StreamTests
{
    private const int Length = 1000;

    [Fact]
    public void LaunchesOnSeveralStreamsAreSeenByEachOther()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = context.CreateVectorCpuAccelerator();
        using var first = accelerator.CreateStream();
        using var second = accelerator.CreateStream();
        using var numbers = accelerator.Allocate1D<int>(Length);
        var kernel = accelerator.LoadKernel<ArrayView<int>, int, int>(MultiplyAndAdd);
        numbers.MemSetToZero(first);
        first.Synchronize();
        for (var round = 0; round < 5; round++)
        {
            foreach (var stream in new[] { first, second, accelerator.DefaultStream })
            {
                kernel(stream, (4, 256), numbers.View, 2, 1);
                stream.Synchronize();
            }
        }

        // x -> 2 x + 1, 15 times from 0.
        Assert.Equal(Enumerable.Repeat((1 << 15) - 1, Length), numbers.GetAsArray1D());
    }

    [Fact]
    public async Task AStreamIsWaitedForAsynchronously()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = context.CreateVectorCpuAccelerator();
        using var stream = accelerator.CreateStream();
        using var numbers = accelerator.Allocate1D(Enumerable.Range(0, Length).ToArray());
        accelerator.LoadKernel<ArrayView<int>, int, int>(MultiplyAndAdd)(stream, (4, 256), numbers.View, 3, 7);
        await stream.SynchronizeAsync();
        var copy = new int[Length];
        numbers.View.CopyToCPU(stream, copy);
        Assert.Equal(Enumerable.Range(0, Length).Select(i => (3 * i) + 7), copy);
    }

    [Fact]
    public void StreamsEndWithTheirAccelerator()
    {
        using var context = Context.Create(builder => builder.CPU());
        var accelerator = context.CreateVectorCpuAccelerator();
        var stream = accelerator.CreateStream();
        var started = accelerator.DefaultStream;
        Assert.False(stream.IsDisposed);
        accelerator.Dispose();
        Assert.True(stream.IsDisposed);
        Assert.True(started.IsDisposed);
    }

    [Fact]
    public void MarkersTakeTheTimeOfWhatLiesBetweenThem()
    {
        using var context = Context.Create(builder => builder.Profiling());
        using var accelerator = context.CreateVectorCpuAccelerator();
        using var stream = accelerator.CreateStream();
        using var numbers = accelerator.Allocate1D<int>(Length);
        numbers.MemSetToZero();
        var kernel = accelerator.LoadKernel<ArrayView<int>, int, int>(MultiplyAndAdd);
        var outer = Stopwatch.StartNew();
        using var start = stream.AddProfilingMarker();
        var inner = Stopwatch.StartNew();
        kernel(stream, (4, 256), numbers.View, 1, 1);
        inner.Stop();
        using var end = stream.AddProfilingMarker();
        end.Synchronize();
        outer.Stop();
        Assert.InRange(end - start, inner.Elapsed, outer.Elapsed);
        Assert.Equal(start - end, -(end - start));
    }

    [Fact]
    public void MarkersAreRefusedInAContextWithoutProfiling()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = context.CreateVectorCpuAccelerator();
        Assert.Throws<NotSupportedException>(() => accelerator.DefaultStream.AddProfilingMarker());
    }

    [Fact]
    public void MarkersOfOtherAcceleratorsAreRefused()
    {
        using var context = Context.Create(builder => builder.CPU().Profiling());
        using var accelerator = context.CreateVectorCpuAccelerator();
        using var other = context.CreateCPUAccelerator(0);
        using var here = accelerator.DefaultStream.AddProfilingMarker();
        using var there = other.DefaultStream.AddProfilingMarker();
        Assert.Throws<ArgumentException>(() => here - there);
    }

    /// <summary>A kernel may also be loaded by its method and launched with boxed arguments.</summary>
    [Fact]
    public void KernelsLoadedByMethodLaunchOnAnyStream()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = context.CreateVectorCpuAccelerator();
        using var stream = accelerator.CreateStream();
        using var numbers = accelerator.Allocate1D(Enumerable.Range(0, Length).ToArray());
        var method = GetType().GetMethod(nameof(MultiplyAndAdd), BindingFlags.Static | BindingFlags.NonPublic)!;
        using var kernel = accelerator.LoadKernel(method);
        kernel.Launch(stream, new KernelConfig(4, 256), numbers.View.BaseView, 5, -2);
        stream.Synchronize();
        Assert.Equal(Enumerable.Range(0, Length).Select(i => (5 * i) - 2), numbers.GetAsArray1D());
    }

    private static void MultiplyAndAdd(ArrayView<int> numbers, int factor, int term)
    {
        var i = Grid.GlobalIndex.X;
        if (i < numbers.Length)
        {
            numbers[i] = (numbers[i] * factor) + term;
        }
    }
}
