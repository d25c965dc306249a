using ILGPU;

namespace Engine.Compute.Tests.Oracle;

#pragma warning disable CA1062 // Kernels get views, which are structures.

/// <summary>Kernels that multiply and add, with values that differ between threads and with values that do not.</summary>
public static class ContractionKernels
{
    public static void MultiplyAdd(ArrayView<float> a, ArrayView<float> b, ArrayView<float> c, ArrayView<float> sums, ArrayView<float> differences)
    {
        var g = Grid.GlobalIndex.X;
        if (g < a.IntLength)
        {
            sums[g] = (a[g] * b[g]) + c[g];
            differences[g] = c[g] - (a[g] * b[g]);
        }
    }

    public static void UniformMultiplyAdd(ArrayView<float> a, ArrayView<float> b, ArrayView<float> c, ArrayView<float> sums, ArrayView<float> differences)
    {
        var g = Grid.IdxX;
        if (Group.IdxX == 0)
        {
            sums[g] = (a[g] * b[g]) + c[g];
            differences[g] = c[g] - (a[g] * b[g]);
        }
    }
}
