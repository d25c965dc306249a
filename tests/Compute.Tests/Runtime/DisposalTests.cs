using System.Runtime.CompilerServices;
using Engine.Compute.Vector;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using Xunit;

namespace Engine.Compute.Tests.Runtime;

/// <summary>What happens to memory and to kernels once a buffer or an accelerator is disposed.</summary>
public sealed class DisposalTests
{
    public struct Inner
    {
        public int Factor;
        public ArrayView<int> Data;
    }

    public struct Outer
    {
        public long Number;
        public Inner Inner;
    }

    [Fact]
    public void NoMemoryOutlivesItsAccelerator()
    {
        using var context = Context.Create(builder => builder.CPU());
        var accelerator = (VectorAccelerator)context.CreateVectorCpuAccelerator();
        var allocations = accelerator.Allocations;
        var kept = accelerator.Allocate1D<int>(1000);
        accelerator.Allocate1D<int>(1000).Dispose();
        Forget(accelerator);
        Assert.Equal(2, allocations.Count);
        accelerator.Dispose();
        Assert.Equal(0, allocations.Count);
        Assert.True(kept.IsDisposed);

        // The forgotten buffer's finalizer, and whoever disposes late, find nothing to free.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        kept.Dispose();
        accelerator.Dispose();
    }

    [Fact]
    public void AForgottenBufferIsFreedByItsFinalizer()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = (VectorAccelerator)context.CreateVectorCpuAccelerator();
        Forget(accelerator);
        for (var attempt = 0; attempt < 20 && accelerator.Allocations.Count > 0; attempt++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.Equal(0, accelerator.Allocations.Count);
    }

    [Fact]
    public void ADisposedAcceleratorAllocatesAndLaunchesNothing()
    {
        using var context = Context.Create(builder => builder.CPU());
        var accelerator = context.CreateVectorCpuAccelerator();
        var name = accelerator.Name;
        var kernel = accelerator.LoadStreamKernel<int>(Nothing);
        kernel((1, 1), 5);
        accelerator.Dispose();
        Assert.Contains(name, Assert.Throws<ObjectDisposedException>(() => accelerator.Allocate1D<int>(10)).Message, StringComparison.Ordinal);
        var launch = Assert.Throws<ObjectDisposedException>(() => kernel((1, 1), 5));
        Assert.Contains($"kernel DisposalTests.{nameof(Nothing)}: {name} is disposed", launch.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnAcceleratorIsDisposedAfterTheLaunchUnderWay()
    {
        using var context = Context.Create(builder => builder.CPU());
        var accelerator = context.CreateVectorCpuAccelerator(new() { Threads = 1 });
        var flags = accelerator.Allocate1D(new int[2]);
        var numbers = accelerator.Allocate1D<int>(1 << 16);
        var kernel = accelerator.LoadStreamKernel<ArrayView<int>, ArrayView<int>>(FillOnceTold);

        // Memory that is no buffer of the accelerator's: it says how far the kernel is after everything is disposed.
        using var other = context.CreateVectorCpuAccelerator(new() { Threads = 1 });
        using var seen = other.Allocate1D(new int[2]);
        var launch = new Thread(() => kernel((1, 1), seen.View, numbers.View));
        launch.Start();
        while (seen.GetAsArray1D()[0] == 0) Thread.Yield();
        var dispose = new Thread(accelerator.Dispose);
        dispose.Start();
        Assert.False(dispose.Join(50), "the accelerator was disposed under a kernel that runs");
        Assert.False(numbers.IsDisposed);
        seen.View.SubView(1, 1).CopyFromCPU([1]);
        launch.Join();
        dispose.Join();
        Assert.True(numbers.IsDisposed);
        Assert.Equal(2, seen.GetAsArray1D()[0]);
        flags.Dispose();
    }

    [Fact]
    public void AViewOfADisposedBufferIsRefusedHoweverDeepItLies()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = context.CreateVectorCpuAccelerator();
        using var output = accelerator.Allocate1D<int>(1);
        var gone = accelerator.Allocate1D([3, 4, 5]);
        var view = gone.View.BaseView;
        var plane = accelerator.Allocate2DDenseX<int>(new Index2D(4, 4));
        var planeView = plane.View;
        var kernel = accelerator.LoadStreamKernel<ArrayView<int>, Outer>(ReadNested);
        var specialized = accelerator.LoadStreamKernel<ArrayView<int>, SpecializedValue<int>, ArrayView<int>>(ReadSpecialized);
        var strided = accelerator.LoadStreamKernel<ArrayView<int>, ArrayView2D<int, Stride2D.DenseX>>(ReadPlane);
        var nested = new Outer { Number = 1, Inner = new Inner { Factor = 2, Data = view } };
        kernel((1, 1), output.View, nested);
        Assert.Equal([9], output.GetAsArray1D());
        gone.Dispose();
        plane.Dispose();
        Assert.Contains("view argument 1", Assert.Throws<ObjectDisposedException>(() => kernel((1, 1), output.View, nested)).Message, StringComparison.Ordinal);
        Assert.Throws<ObjectDisposedException>(() => specialized((1, 1), output.View, new(3), view));
        Assert.Throws<ObjectDisposedException>(() => strided((1, 1), output.View, planeView));
        Assert.Equal([9], output.GetAsArray1D());
    }

    [Fact]
    public void AViewOfADisposedBufferIsNeitherCopiedNorFilled()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = context.CreateVectorCpuAccelerator();
        using var alive = accelerator.Allocate1D<int>(10);
        var gone = accelerator.Allocate1D<int>(10);
        var view = gone.View;
        gone.Dispose();
        Assert.Throws<ObjectDisposedException>(() => view.MemSetToZero());
        Assert.Throws<ObjectDisposedException>(() => view.CopyFrom(alive.View));
        Assert.Throws<ObjectDisposedException>(() => view.CopyTo(alive.View));
        Assert.Throws<ObjectDisposedException>(() => alive.View.CopyFrom(view));
        Assert.Throws<ObjectDisposedException>(() => alive.View.CopyTo(view));
        Assert.Throws<ObjectDisposedException>(() => view.CopyFromCPU(new int[10]));
        Assert.Throws<ObjectDisposedException>(() => view.CopyToCPU(new int[10]));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget(Accelerator accelerator) => accelerator.Allocate1D<int>(1000);

    private static void Nothing(int number)
    {
    }

    /// <summary>Says that it runs, waits until it is told, then fills memory and says that it did.</summary>
    private static void FillOnceTold(ArrayView<int> flags, ArrayView<int> numbers)
    {
        Atomic.Exchange(ref flags[0], 1);
        while (Atomic.Or(ref flags[1], 0) == 0)
        {
        }

        for (var i = 0; i < numbers.IntLength; i++) numbers[i] = i;
        Atomic.Exchange(ref flags[0], 2);
    }

    private static void ReadNested(ArrayView<int> output, Outer outer) => output[0] = (outer.Inner.Data[1] * outer.Inner.Factor) + (int)outer.Number;

    private static void ReadSpecialized(ArrayView<int> output, SpecializedValue<int> number, ArrayView<int> data) => output[0] = data[0] * number;

    private static void ReadPlane(ArrayView<int> output, ArrayView2D<int, Stride2D.DenseX> plane) => output[0] = plane[1, 1];
}
