using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.OpenCL;
using Xunit;

namespace Engine.Compute.Tests.Runtime;

/// <summary>Copies between accelerators: each of the other end's kinds, in both directions, asked of either end.</summary>
public sealed class CopyTests
{
    public enum Other
    {
        Vector,
        IlgpuCpu,
        OpenCl,
    }

    public static TheoryData<Other> Others() => [.. Enum.GetValues<Other>()];

    [SkippableTheory]
    [MemberData(nameof(Others))]
    public void PartsOfBuffersAreCopiedToAndFromEachKind(Other kind)
    {
        using var context = Open(kind, out var other);
        using (other)
        {
            using var accelerator = context.CreateVectorCpuAccelerator();
            using var near = accelerator.Allocate1D(Numbers(0));
            using var far = other.Allocate1D(Numbers(1000));

            // The vector CPU is asked, and finds the other's stream.
            near.View.SubView(10, 30).CopyTo(far.View.SubView(5, 30));
            Assert.Equal([.. Numbers(1000)[..5], .. Numbers(0)[10..40], .. Numbers(1000)[35..]], far.GetAsArray1D());
            near.View.SubView(50, 20).CopyFrom(far.View.SubView(70, 20));
            Assert.Equal([.. Numbers(0)[..50], .. Numbers(1000)[70..90], .. Numbers(0)[70..]], near.GetAsArray1D());
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Others))]
    public void WholeBuffersAreCopiedWhenTheOtherEndIsAsked(Other kind)
    {
        using var context = Open(kind, out var other);
        using (other)
        {
            using var accelerator = context.CreateVectorCpuAccelerator();
            using var near = accelerator.Allocate1D(Numbers(0));
            using var back = accelerator.Allocate1D<int>(near.Length);
            using var far = other.Allocate1D<int>(near.Length);
            far.View.CopyFrom(near.View);
            other.Synchronize();
            Assert.Equal(Numbers(0), far.GetAsArray1D());
            far.View.CopyTo(back.View);
            other.Synchronize();
            Assert.Equal(Numbers(0), back.GetAsArray1D());
        }
    }

    /// <summary>Whichever end a copy is asked of, and whichever accelerator the processor's memory belongs to.</summary>
    [SkippableTheory]
    [MemberData(nameof(Others))]
    public void ExactCopiesLeaveTheNeighboursAlone(Other kind)
    {
        using var context = Open(kind, out var other);
        using (other)
        {
            foreach (var accelerator in new[] { context.CreateVectorCpuAccelerator(), new CPUDevice(4, 4, 1).CreateAccelerator(context) })
            {
                using (accelerator)
                {
                    using var near = accelerator.Allocate1D(Numbers(0));
                    using var far = other.Allocate1D(Numbers(1000));
                    ArrayView<int> nearView = near.View;
                    ArrayView<int> farView = far.View;
                    nearView.SubView(10, 30).CopyExactlyTo(farView.SubView(5, 30));
                    Assert.Equal([.. Numbers(1000)[..5], .. Numbers(0)[10..40], .. Numbers(1000)[35..]], far.GetAsArray1D());
                    Assert.Equal(Numbers(0), near.GetAsArray1D());
                    farView.SubView(70, 20).CopyExactlyTo(nearView.SubView(50, 20));
                    Assert.Equal([.. Numbers(0)[..50], .. Numbers(1000)[70..90], .. Numbers(0)[70..]], near.GetAsArray1D());

                    // The last elements of one end: a copy of the other's whole buffer would leave it.
                    nearView.SubView(0, 3).CopyExactlyTo(farView.SubView(97, 3));
                    Assert.Equal([.. Numbers(1000)[90..97], 0, 1, 2], far.GetAsArray1D()[90..]);
                    farView.SubView(97, 0).CopyExactlyTo(nearView.SubView(0, 0));
                    Assert.Throws<ArgumentException>(() => near.View.BaseView.SubView(0, 3).CopyExactlyTo(far.View.BaseView.SubView(0, 4)));
                    far.Dispose();
                    Assert.Throws<ObjectDisposedException>(() => near.View.BaseView.CopyExactlyTo(farView));
                }
            }
        }
    }

    /// <summary>The copies that the project itself makes: spans to and from parts of a device's buffer, and one part to another.</summary>
    [SkippableTheory]
    [MemberData(nameof(Others))]
    public void SpansAndPartsOfOneDeviceLeaveTheNeighboursAlone(Other kind)
    {
        using var context = Open(kind, out var other);
        using (other)
        {
            using var buffer = other.Allocate1D(Numbers(0));
            using var second = other.Allocate1D(Numbers(500));
            ArrayView<int> view = buffer.View;
            var stream = other.DefaultStream;
            int[] values = Numbers(1000);
            view.SubView(20, 5).CopyFromCPU(stream, values.AsSpan(50, 5));
            int[] changed = [.. Numbers(0)[..20], .. values[50..55], .. Numbers(0)[25..]];
            Assert.Equal(changed, buffer.GetAsArray1D());
            view.SubView(22, 4).CopyToCPU(stream, values.AsSpan(10, 4));
            Assert.Equal([.. Numbers(1000)[..10], .. changed[22..26], .. Numbers(1000)[14..]], values);
            view.SubView(20, 7).CopyTo(stream, ((ArrayView<int>)second.View).SubView(90, 7));
            stream.Synchronize();
            Assert.Equal([.. Numbers(500)[..90], .. changed[20..27], .. Numbers(500)[97..]], second.GetAsArray1D());
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Others))]
    public void AStreamOfTheOtherEndMayBeNamed(Other kind)
    {
        using var context = Open(kind, out var other);
        using (other)
        {
            using var accelerator = context.CreateVectorCpuAccelerator();
            using var stream = other.CreateStream();
            using var near = accelerator.Allocate1D(Numbers(0));
            using var far = other.Allocate1D<int>(near.Length);
            near.View.CopyTo(stream, far.View);
            stream.Synchronize();
            near.MemSetToZero();
            near.View.CopyFrom(stream, far.View);
            stream.Synchronize();
            Assert.Equal(Numbers(0), near.GetAsArray1D());
        }
    }

    [Fact]
    public void OverlappingPartsOfOneBufferKeepTheirNumbers()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = context.CreateVectorCpuAccelerator();
        using var buffer = accelerator.Allocate1D(Numbers(0));
        buffer.View.SubView(3, 90).CopyTo(buffer.View.SubView(8, 90));
        Assert.Equal([.. Numbers(0)[..8], .. Numbers(0)[3..93], .. Numbers(0)[98..]], buffer.GetAsArray1D());
    }

    [Fact]
    public void AViewThatIsTooShortIsRefused()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = context.CreateVectorCpuAccelerator();
        using var buffer = accelerator.Allocate1D(Numbers(0));
        using var shorter = accelerator.Allocate1D<int>(99);
        Assert.Throws<ArgumentOutOfRangeException>(() => shorter.View.CopyFrom(buffer.View));
        Assert.Throws<ArgumentOutOfRangeException>(() => shorter.View.CopyTo(buffer.View));
    }

    /// <summary>Arrays of two and three dimensions lie in memory as the strides of the buffer say.</summary>
    [Fact]
    public void ArraysOfMoreDimensionsKeepTheirIndices()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = context.CreateVectorCpuAccelerator();
        var plane = new int[5, 7];
        var space = new int[2, 3, 4];
        for (var i = 0; i < plane.Length; i++) plane[i / 7, i % 7] = i;
        for (var i = 0; i < space.Length; i++) space[i / 12, i / 4 % 3, i % 4] = i;
        using var x = accelerator.Allocate2DDenseX(plane);
        using var y = accelerator.Allocate2DDenseY(plane);
        using var z = accelerator.Allocate3DDenseXY(space);
        Assert.Equal(plane, x.GetAsArray2D());
        Assert.Equal(plane, y.GetAsArray2D());
        Assert.Equal(space, z.GetAsArray3D());
        Assert.NotEqual(x.View.AsContiguous().GetAsArray(), y.View.AsContiguous().GetAsArray());
    }

    [Theory]
    [InlineData(PageLockingMode.Auto)]
    [InlineData(PageLockingMode.Aggressive)]
    public void PageLockedArraysGoBothWays(PageLockingMode mode)
    {
        using var context = Context.Create(builder => builder.PageLocking(mode));
        using var accelerator = context.CreateVectorCpuAccelerator();
        using var stream = accelerator.CreateStream();
        using var buffer = accelerator.Allocate1D(Numbers(0));
        using var locked = accelerator.AllocatePageLocked1D<int>(40);
        buffer.View.SubView(20, 40).CopyToPageLockedAsync(stream, locked);
        stream.Synchronize();
        Assert.Equal(Numbers(0)[20..60], locked.GetArray());
        locked[3] = -1;
        buffer.View.SubView(60, 40).CopyFromPageLockedAsync(stream, locked);
        stream.Synchronize();
        Assert.Equal([.. Numbers(0)[..60], 20, 21, 22, -1, .. Numbers(0)[24..60]], buffer.GetAsArray1D());

        using var plane = accelerator.AllocatePageLocked2D<int>(new LongIndex2D(4, 5));
        plane[2, 3] = 17;
        using var target = accelerator.Allocate1D<int>(20);
        target.View.BaseView.CopyFromPageLockedAsync(plane);
        accelerator.Synchronize();
        Assert.Equal([.. new int[13], 17, .. new int[6]], target.GetAsArray1D());
    }

    [Fact]
    public unsafe void AnArrayThatTheCallerPinnedIsLockedInPlace()
    {
        using var context = Context.Create(builder => builder.CPU());
        using var accelerator = context.CreateVectorCpuAccelerator();
        var pinned = GC.AllocateArray<int>(100, pinned: true);
        Numbers(5).CopyTo(pinned, 0);
        using var scope = accelerator.CreatePageLockFromPinned(pinned);
        using var buffer = accelerator.Allocate1D<int>(100);
        buffer.View.CopyFromPageLockedAsync(scope);
        accelerator.Synchronize();
        Assert.Equal(Numbers(5), buffer.GetAsArray1D());
        fixed (int* start = pinned) Assert.Equal((IntPtr)start, scope.AddrOfLockedObject);
        Assert.Equal(400, scope.LengthInBytes);
    }

    private static int[] Numbers(int from) => [.. Enumerable.Range(from, 100)];

    private static Context Open(Other kind, out Accelerator other)
    {
        if (kind == Other.OpenCl)
        {
            var context = DeviceContexts.OpenCl(out var problem);
            Assert.False(context is null && Environment.GetEnvironmentVariable("ENGINE_REQUIRE_OPENCL") == "1", problem);
            Skip.If(context is null, problem);
            other = context!.CreateCLAccelerator(0);
            return context!;
        }

        var processor = Context.Create(builder => builder.CPU());
        other = kind == Other.Vector ? processor.CreateVectorCpuAccelerator(new() { VectorBits = 128, Threads = 1 }) : processor.CreateCPUAccelerator(0);
        return processor;
    }
}
