using Engine.Compute.Vector;
using ILGPU;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Compute.Tests.Oracle;

/// <summary>Implicitly grouped kernels: every index of the extent once, none beyond it, whatever the group size.</summary>
public sealed class ImplicitKernelTests
{
    public static TheoryData<int> Widths() => [.. new[] { 128, 256, 512 }.Where(bits => bits <= VectorWidth.Widest)];

    [Theory]
    [MemberData(nameof(Widths))]
    public void OneDimension(int bits)
    {
        using var device = ComputeDevice.Open("cpu", new() { VectorBits = bits });
        foreach (var length in new[] { 1, 3, 16, 17, 255, 256, 257, 5000 })
        {
            using var counts = device.Accelerator.Allocate1D<int>(length + 64);
            counts.MemSetToZero();
            device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, int>(ImplicitKernels.Line)(length, counts.View, 5);
            device.Accelerator.LoadImplicitlyGroupedStreamKernel<Index1D, ArrayView<int>, int>(ImplicitKernels.Line, 48)(length, counts.View, 1);
            Assert.Equal([.. Enumerable.Range(0, length).Select(i => (2 * i) + 6), .. new int[64]], counts.GetAsArray1D());
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void TwoDimensions(int bits)
    {
        using var device = ComputeDevice.Open("cpu", new() { VectorBits = bits });
        foreach (var (width, height) in new[] { (1, 1), (7, 5), (64, 3), (300, 4), (5, 300) })
        {
            using var counts = device.Accelerator.Allocate1D<int>((width * height) + 64);
            counts.MemSetToZero();
            device.Accelerator.LoadAutoGroupedStreamKernel<Index2D, ArrayView<int>, int>(ImplicitKernels.Plane)(new Index2D(width, height), counts.View, width);
            var expected = Enumerable.Range(0, width * height).Select(cell => (X: cell % width, Y: cell / width)).Select(p => ((p.X ^ p.Y) & 1) == 0 ? 1 + p.X : -p.Y);
            Assert.Equal([.. expected, .. new int[64]], counts.GetAsArray1D());
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void ThreeDimensions(int bits)
    {
        using var device = ComputeDevice.Open("cpu", new() { VectorBits = bits });
        foreach (var (width, height, depth) in new[] { (1, 1, 1), (3, 4, 5), (33, 2, 3), (260, 3, 2) })
        {
            using var counts = device.Accelerator.Allocate1D<int>((width * height * depth) + 64);
            counts.MemSetToZero();
            device.Accelerator.LoadAutoGroupedStreamKernel<Index3D, ArrayView<int>, int, int>(ImplicitKernels.Space)(new Index3D(width, height, depth), counts.View, width, height);
            var expected = Enumerable.Range(0, width * height * depth)
                .Select(cell => ((cell % width) * 100) + ((cell / width % height) * 10) + (cell / (width * height)));
            Assert.Equal([.. expected, .. new int[64]], counts.GetAsArray1D());
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void SubWarpsOfAnyWidth(int bits)
    {
        using var device = ComputeDevice.Open("cpu", new() { VectorBits = bits });

        // Whole warps of every width, but not whole groups: both the body of whole vectors and the one of what is left are there.
        const int Length = 80;
        using var values = device.Accelerator.Allocate1D<int>(Length);
        device.Accelerator.LoadImplicitlyGroupedStreamKernel<Index1D, ArrayView<int>, int>(ImplicitKernels.Neighbours, 64)(Length, values.View, 2);
        Assert.Equal(Enumerable.Range(0, Length).Select(i => (i ^ 1) * 10), values.GetAsArray1D());
    }

    [Fact]
    public void AnEmptyExtentIsRefused()
    {
        using var device = ComputeDevice.Open("cpu");
        using var counts = device.Accelerator.Allocate1D<int>(1);
        var kernel = device.Accelerator.LoadAutoGroupedStreamKernel<Index1D, ArrayView<int>, int>(ImplicitKernels.Line);
        Assert.Throws<ArgumentOutOfRangeException>(() => kernel(0, counts.View, 5));
    }
}
