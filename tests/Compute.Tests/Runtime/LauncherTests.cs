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
                Flag = arguments[32] != 0,
            };
            Assert.Equal(3, *(long*)(arguments + 16));
        });
        using var opened = new Opened(compiler);
        using var buffer = opened.Accelerator.Allocate1D<int>(5);
        var kernel = opened.Accelerator.LoadStreamKernel<Kernels.Mixed, ArrayView<int>>(Kernels.TakeStructure);
        var value = new Kernels.Mixed { First = 7, Data = buffer.View.SubView(2, 3), Inner = new Kernels.Inner { Factor = 1.5f, Count = -3 }, Flag = true };
        kernel((1, 1), value, buffer.View);
        Assert.Equal((long)buffer.NativePtr + 8, pointer);
        Assert.Equal((7, 1.5f, (short)-3, true), (seen!.Value.First, seen.Value.Inner.Factor, seen.Value.Inner.Count, seen.Value.Flag));
    }
}
