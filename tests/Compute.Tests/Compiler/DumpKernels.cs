using ILGPU;

namespace Engine.Compute.Tests.Compiler;

/// <summary>Small kernels whose compiled form is known in full.</summary>
public static class DumpKernels
{
    /// <summary>One thread an element, a tail that some lanes do not take part in.</summary>
    public static void Axpy(ArrayView<float> x, ArrayView<float> y, float a, int count)
    {
        int i = Grid.IdxX * Group.DimX + Group.IdxX;
        if (i < count)
            y[i] = a * x[i] + y[i];
    }

    /// <summary>A tile of accumulators in a local array: it must become values, and its multiplies and adds must be fused.</summary>
    public static void Tile(ArrayView<float> a, ArrayView<float> b, ArrayView<float> c, int depth)
    {
        int lane = Group.IdxX;
        var sums = new float[3];
        for (int k = 0; k < depth; k++)
        {
            float right = b[k * Group.DimX + lane];
            for (int row = 0; row < 3; row++)
                sums[row] += a[row * depth + k] * right;
        }
        for (int row = 0; row < 3; row++)
            c[row * Group.DimX + lane] = sums[row];
    }

    /// <summary>Every thread leaves the loop when it likes.</summary>
    public static void Halvings(ArrayView<int> values, ArrayView<int> steps)
    {
        int value = values[Group.IdxX];
        int count = 0;
        while (value > 1)
        {
            value >>= 1;
            count++;
        }
        steps[Group.IdxX] = count;
    }

    /// <summary>Threads exchange values through shared memory.</summary>
    public static void Rotate(ArrayView<float> values)
    {
        var shared = SharedMemory.Allocate<float>(64);
        int lane = Group.IdxX;
        shared[lane] = values[lane];
        Group.Barrier();
        values[lane] = shared[Group.DimX - 1 - lane];
    }

    /// <summary>A column a thread: only the launch knows how far apart rows are.</summary>
    public static void ColumnSums(ArrayView<float> matrix, ArrayView<float> sums, int rows, int columns)
    {
        int column = Group.IdxX;
        float sum = 0f;
        for (int row = 0; row < rows; row++)
            sum += matrix[row * columns + column];
        sums[column] = sum;
    }

    /// <summary>The same with rows as long as the group: how far apart they are is known, and little.</summary>
    public static void NarrowColumnSums(ArrayView<float> matrix, ArrayView<float> sums, int rows)
    {
        int column = Group.IdxX;
        float sum = 0f;
        for (int row = 0; row < rows; row++)
            sum += matrix[row * Group.DimX + column];
        sums[column] = sum;
    }

    /// <summary>All threads read one element a row, which stays in the cache for what is read next.</summary>
    public static void FirstColumn(ArrayView<float> matrix, ArrayView<float> sums, int rows, int columns)
    {
        float sum = 0f;
        for (int row = 0; row < rows; row++)
            sum += matrix[row * columns];
        sums[Group.IdxX] = sum;
    }

    /// <summary>Blocks of a matrix, side by side: each is computed, then added to its rows.</summary>
    public static void AddBlocks(ArrayView<float> values, ArrayView<float> matrix, int depth, int rows, int columns)
    {
        int lane = Group.IdxX;
        for (int column = 0; column < columns; column += 32)
        {
            float sum = 0f;
            for (int k = 0; k < depth; k++)
                sum += values[k * 32 + column];
            int at = column + lane;
            for (int row = 0; row < rows; row++)
            {
                matrix[at] += sum;
                at += columns;
            }
        }
    }

    /// <summary>The same, but nothing is computed in between.</summary>
    public static void AddOnes(ArrayView<float> matrix, int rows, int columns)
    {
        for (int column = 0; column < columns; column += 32)
        {
            int at = column + Group.IdxX;
            for (int row = 0; row < rows; row++)
            {
                matrix[at] += 1f;
                at += columns;
            }
        }
    }
}
