using ILGPU;

namespace Engine.Compute.Tests.Oracle;

#pragma warning disable CA1062 // Kernels get views, which are structures.

/// <summary>Implicitly grouped kernels of one, two and three dimensions.</summary>
public static class ImplicitKernels
{
    public static void Line(Index1D index, ArrayView<int> counts, int step)
    {
        counts[index] += index + step;
    }

    public static void Plane(Index2D index, ArrayView<int> counts, int width)
    {
        var cell = (index.Y * width) + index.X;
        if (((index.X ^ index.Y) & 1) == 0)
        {
            counts[cell] += 1 + index.X;
        }
        else
        {
            counts[cell] -= index.Y;
        }
    }

    public static void Space(Index3D index, ArrayView<int> counts, int width, int height) =>
        counts[(((index.Z * height) + index.Y) * width) + index.X] += (index.X * 100) + (index.Y * 10) + index.Z;

    /// <summary>The value of the neighbour in sub-warps whose width no compiler knows.</summary>
    public static void Neighbours(Index1D index, ArrayView<int> values, int width) => values[index] = Warp.ShuffleXor((int)index * 10, 1, width);
}
