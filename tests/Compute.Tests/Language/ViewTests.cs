using ILGPU;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Compute.Tests.Language;

/// <summary>Views of two and three dimensions, whatever their strides, and views made of views.</summary>
public sealed class ViewTests(Accelerators accelerators) : IClassFixture<Accelerators>
{
    private const int Width = 19;
    private const int Height = 7;
    private const int Depth = 3;

    public static TheoryData<int> Widths() => Accelerators.Widths();

    [Theory]
    [MemberData(nameof(Widths))]
    public void PlanesOfAllStrides(int bits)
    {
        var accelerator = accelerators[bits];
        var plane = new int[Width, Height];
        for (var x = 0; x < Width; x++)
        {
            for (var y = 0; y < Height; y++) plane[x, y] = (100 * x) + y;
        }

        using var denseX = accelerator.Allocate2DDenseX(plane);
        using var denseY = accelerator.Allocate2DDenseY<int>(new Index2D(Width, Height));
        using var spread = accelerator.Allocate1D<int>(400);
        spread.MemSetToZero();
        var strided = spread.View.As2DView(new Index2D(Width, Height), new Stride2D.General(new Index2D(2, 45)));
        var kernel = accelerator.LoadAutoGroupedStreamKernel<
            Index2D, ArrayView2D<int, Stride2D.DenseX>, ArrayView2D<int, Stride2D.DenseY>, ArrayView2D<int, Stride2D.General>>(CopyPlanes);
        kernel(new Index2D(Width, Height), denseX.View, denseY.View, strided);
        var flipped = denseY.GetAsArray2D();
        var raw = spread.GetAsArray1D();
        for (var x = 0; x < Width; x++)
        {
            for (var y = 0; y < Height; y++)
            {
                Assert.Equal(plane[Width - 1 - x, y] + 1, flipped[x, y]);
                Assert.Equal(plane[x, y] * 3, raw[(2 * x) + (45 * y)]);
            }
        }

        Assert.Equal(Width * Height, raw.Count(number => number != 0) + 1);
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void SpacesOfAllStrides(int bits)
    {
        var accelerator = accelerators[bits];
        using var denseXY = accelerator.Allocate3DDenseXY<int>(new Index3D(Width, Height, Depth));
        denseXY.View.BaseView.CopyFromCPU(Enumerable.Range(0, Width * Height * Depth).ToArray());
        using var denseZY = accelerator.Allocate3DDenseZY<int>(new Index3D(Width, Height, Depth));
        var kernel = accelerator.LoadAutoGroupedStreamKernel<Index3D, ArrayView3D<int, Stride3D.DenseXY>, ArrayView3D<int, Stride3D.DenseZY>>(CopySpaces);
        kernel(new Index3D(Width, Height, Depth), denseXY.View, denseZY.View);
        var copy = denseZY.View.BaseView.GetAsArray();
        for (var x = 0; x < Width; x++)
        {
            for (var y = 0; y < Height; y++)
            {
                for (var z = 0; z < Depth; z++) Assert.Equal(-(x + (Width * (Height - 1 - y + (Height * z)))), copy[z + (Depth * (y + (Height * x)))]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void ViewsMadeInsideOfAKernel(int bits)
    {
        var accelerator = accelerators[bits];
        var numbers = Enumerable.Range(0, 200).ToArray();
        using var input = accelerator.Allocate1D(numbers);
        using var output = accelerator.Allocate1D<long>(100);
        accelerator.LoadStreamKernel<ArrayView<int>, ArrayView<long>>(MakeViews)((1, 20), input.View, output.View);
        var actual = output.GetAsArray1D();
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(numbers[30 + (i % 5) + (5 * (i / 5))], actual[i]);
            Assert.Equal(numbers[40 + (3 * i)], actual[20 + i]);
            Assert.Equal(((long)numbers[(2 * i) + 1] << 32) | (uint)numbers[2 * i], actual[40 + i]);
            Assert.Equal((170 * 1000) + 12, actual[60 + i]);
            Assert.Equal(i < 10 ? numbers[100 + i] : numbers[150 + i], actual[80 + i]);
        }
    }

    private static void CopyPlanes(
        Index2D index, ArrayView2D<int, Stride2D.DenseX> denseX, ArrayView2D<int, Stride2D.DenseY> denseY, ArrayView2D<int, Stride2D.General> strided)
    {
        denseY[index] = denseX[denseX.IntExtent.X - 1 - index.X, index.Y] + 1;
        strided[index.X, index.Y] = denseX.AsTransposed()[index.Y, index.X] * 3;
    }

    private static void CopySpaces(Index3D index, ArrayView3D<int, Stride3D.DenseXY> from, ArrayView3D<int, Stride3D.DenseZY> to) =>
        to[index] = -from[index.X, from.IntExtent.Y - 1 - index.Y, index.Z];

    private static void MakeViews(ArrayView<int> numbers, ArrayView<long> output)
    {
        var i = Group.IdxX;
        var plane = numbers.SubView(30, 20).AsDense().As2DDenseXView(new Index2D(5, 4));
        output[i] = plane[i % 5, i / 5];
        var strided = numbers.SubView(40).AsDense().AsGeneral(new Stride1D.General(3));
        output[20 + i] = strided[i];
        output[40 + i] = numbers.Cast<long>()[i];
        output[60 + i] = (numbers.SubView(30).Length * 1000) + numbers.SubView(50, 25).Cast<long>().Length;
        var chosen = i < 10 ? numbers.SubView(100) : numbers.SubView(150);
        output[80 + i] = chosen[i];
    }
}
