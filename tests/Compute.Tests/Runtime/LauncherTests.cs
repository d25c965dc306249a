using Engine.Compute.Vector;
using ILGPU;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Compute.Tests.Runtime;

public sealed unsafe class LauncherTests
{
    [Fact]
    public void TheBackEndHandsOverIrWithViewsLowered()
    {
        var compiler = new RecordingCompiler((_, _, _, _, _, _) => { });
        using var opened = new Opened(compiler);
        opened.Accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>, float>(Kernels.Scale);
        Assert.Contains("Global>", compiler.Ir, StringComparison.Ordinal);
        Assert.DoesNotContain("View<", compiler.Ir, StringComparison.Ordinal);
    }

    [Fact]
    public void ViewsArriveAsPointerAndLengthAndNumbersAsTheyAre()
    {
        var seen = new List<(long Pointer, long Length, float Factor)>();
        var compiler = new RecordingCompiler((_, _, _, _, _, _) => { });
        compiler = new RecordingCompiler((arguments, _, _, _, _, _) =>
        {
            var second = arguments + 16;
            seen.Add((*(long*)second, *(long*)(second + 8), *(float*)(arguments + 32)));
        });
        using var opened = new Opened(compiler);
        using var buffer = opened.Accelerator.Allocate1D<float>(100);
        var kernel = opened.Accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>, float>(Kernels.Scale);
        kernel((1, 16), buffer.View, buffer.View.SubView(10, 20), 2.5f);
        Assert.Equal([16 * 0, 16, 32], Enumerable.Range(0, compiler.Layout!.Count).Select(compiler.Layout.OffsetOf));
        Assert.Equal(((long)buffer.NativePtr + 40, 20L, 2.5f), Assert.Single(seen));
    }

    [Fact]
    public void StructuresWithViewsKeepTheOrderOfTheirFields()
    {
        Kernels.Mixed? seen = null;
        var pointer = 0L;
        var compiler = new RecordingCompiler((arguments, _, _, _, _, _) =>
        {
            // byte at 0, view at 8 and 16, float at 24, short at 28, flag at 30
            pointer = *(long*)(arguments + 8);
            seen = new Kernels.Mixed
            {
                First = arguments[0],
                Inner = new Kernels.Inner { Factor = *(float*)(arguments + 24), Count = *(short*)(arguments + 28) },
                Flag = arguments[32],
            };
            Assert.Equal(3, *(long*)(arguments + 16));
        });
        using var opened = new Opened(compiler);
        using var buffer = opened.Accelerator.Allocate1D<int>(5);
        var kernel = opened.Accelerator.LoadStreamKernel<Kernels.Mixed, ArrayView<int>>(Kernels.TakeStructure);
        var value = new Kernels.Mixed { First = 7, Data = buffer.View.SubView(2, 3), Inner = new Kernels.Inner { Factor = 1.5f, Count = -3 }, Flag = 1 };
        kernel((1, 1), value, buffer.View);
        Assert.Equal((long)buffer.NativePtr + 8, pointer);
        Assert.Equal((7, 1.5f, (short)-3, (byte)1), (seen!.Value.First, seen.Value.Inner.Factor, seen.Value.Inner.Count, seen.Value.Flag));
    }

    [Fact]
    public void SpecializedArgumentsAreConstantsInTheIrAndStayOutOfTheBlock()
    {
        var seen = 0f;
        var compiler = new RecordingCompiler((arguments, _, _, _, _, _) => seen = *(float*)(arguments + 32));
        using var opened = new Opened(compiler);
        using var buffer = opened.Accelerator.Allocate1D<float>(4);
        var kernel = opened.Accelerator.LoadStreamKernel<ArrayView<float>, SpecializedValue<int>, float>(Kernels.Specialized);
        kernel((1, 1), buffer.View, SpecializedValue.New(12345), 0.5f);
        Assert.Contains("12345", compiler.Ir, StringComparison.Ordinal);
        Assert.Equal(32, compiler.Layout!.OffsetOf(2));
        Assert.Equal(0.5f, seen);
    }

    [Fact]
    public void AnImplicitLaunchCoversItsExtentWithWholeGroups()
    {
        var seen = new List<(int, LaunchInfo)>();
        var value = 0;
        var compiler = new RecordingCompiler((arguments, launch, x, _, _, _) =>
        {
            lock (seen)
            {
                seen.Add((x, *launch));
                value = *(int*)(arguments + 32);
            }
        });
        using var opened = new Opened(compiler);
        using var buffer = opened.Accelerator.Allocate1D<int>(100);
        var kernel = opened.Accelerator.LoadImplicitlyGroupedStreamKernel<Index2D, ArrayView<int>, int>(Kernels.Implicit, 32);
        kernel(new Index2D(100, 3), buffer.View, 77);
        Assert.Equal(1, compiler.Layout!.IndexParameters);
        Assert.Equal(12, seen.Count);
        var launch = seen[0].Item2;
        Assert.Equal((4, 3, 1), (launch.GridX, launch.GridY, launch.GridZ));
        Assert.Equal((32, 1, 1), (launch.GroupX, launch.GroupY, launch.GroupZ));
        Assert.Equal((100L, 3L, 1L), (launch.ExtentX, launch.ExtentY, launch.ExtentZ));
        Assert.Equal(77, value);
    }

    [Fact]
    public void EachGroupShapeIsCompiledOnce()
    {
        var compiler = new RecordingCompiler((_, _, _, _, _, _) => { });
        using var opened = new Opened(compiler);
        using var buffer = opened.Accelerator.Allocate1D<float>(4);
        var kernel = opened.Accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>, float>(Kernels.Scale);
        Parallel.For(0, 100, i => kernel(new KernelConfig(new Index3D(1 + i, 1, 1), new Index3D(8, 1 + (i % 3), 1)), buffer.View, buffer.View, 1f));
        Assert.Equal([new(8, 1, 1), new(8, 2, 1), new(8, 3, 1)], compiler.Shapes.OrderBy(shape => shape.Y));
    }

    [Theory]
    [InlineData(0, 1, 16, 1)]
    [InlineData(1, 70_000, 16, 1)]
    [InlineData(1, 1, 0, 1)]
    [InlineData(1, 1, 1025, 1)]
    [InlineData(1, 1, 64, 17)]
    public void DimensionsOutOfRangeAreRefused(int gridX, int gridY, int groupX, int groupY)
    {
        var groups = 0;
        var compiler = new RecordingCompiler((_, _, _, _, _, _) => groups++);
        using var opened = new Opened(compiler);
        using var buffer = opened.Accelerator.Allocate1D<float>(4);
        var kernel = opened.Accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>, float>(Kernels.Scale);
        var config = new KernelConfig(new Index3D(gridX, gridY, 1), new Index3D(groupX, groupY, 1));
        var exception = Assert.Throws<ArgumentOutOfRangeException>(() => kernel(config, buffer.View, buffer.View, 1f));
        Assert.Contains("Kernels.Scale", exception.Message, StringComparison.Ordinal);
        Assert.Equal(0, groups);
    }

    [Fact]
    public void DynamicSharedMemoryIsPartOfTheLaunch()
    {
        var bytes = 0;
        var compiler = new RecordingCompiler((_, launch, _, _, _, scratch) =>
        {
            bytes = launch->DynamicSharedBytes;
            new Span<byte>(scratch, bytes).Fill(1);
        });
        using var opened = new Opened(compiler);
        using var buffer = opened.Accelerator.Allocate1D<float>(4);
        var kernel = opened.Accelerator.LoadStreamKernel<ArrayView<float>>(Kernels.Dynamic);
        kernel(new KernelConfig(1, 1, SharedMemoryConfig.RequestDynamic<float>(5000)), buffer.View);
        Assert.Equal(20_000, bytes);
    }

    [Fact]
    public void AKernelThatTheCompilerRefusesIsNamedWithTheReason()
    {
        using var opened = new Opened(new IdleCompiler());
        var exception = Assert.ThrowsAny<Exception>(() => opened.Accelerator.LoadStreamKernel<ArrayView<float>>(Kernels.Dynamic));
        Assert.Equal("kernel Kernels.Dynamic cannot run on the vector CPU: this test loads no kernel", exception.Message);
    }

    [Fact]
    public void ALaunchAllocatesNothing()
    {
        var compiler = new RecordingCompiler((_, _, _, _, _, _) => { });
        using var opened = new Opened(compiler);
        using var buffer = opened.Accelerator.Allocate1D<float>(4);
        var kernel = opened.Accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>, float>(Kernels.Scale);
        kernel((2, 16), buffer.View, buffer.View, 1f);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            kernel((2, 16), buffer.View, buffer.View, 1f);
            opened.Accelerator.Synchronize();
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
