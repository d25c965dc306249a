using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Util;

namespace Engine.Kernels;

/// <summary>
/// Dropout of a [rows, width] matrix: elements are set to 0 or multiplied by 1 / (1 - probability). The mask is drawn anew wherever
/// it is needed, from the element's logical row and its column, and never stored.
/// </summary>
/// <param name="device">The device to run on.</param>
public sealed class Dropout(ComputeDevice device)
{
    private Action<KernelConfig, int, int, DropoutDraw, int, ArrayView<float>, ArrayView<float>>? kernel;

    /// <summary>y = x under the mask.</summary>
    /// <param name="x">[rows, width].</param>
    /// <param name="y">[rows, width]; may be <paramref name="x"/>.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="width">The row length.</param>
    /// <param name="dropout">Probability and mask; probability 0 copies.</param>
    /// <param name="rowBase">The number of the first row in the logical batch, so that parts of a batch draw the whole's masks.</param>
    public void Forward(ArrayView<float> x, ArrayView<float> y, int rows, int width, DropoutState dropout, int rowBase)
    {
        if (rows == 0)
            return;
        using var measured = device.Profile?.Begin("dropout", 0, 2.0 * sizeof(float) * rows * width);
        kernel ??= device.LoadOnce(Kernel, KernelLoaders.LoadStreamKernel);
        kernel(RowLaunch.Shape(device, rows), rows, width, dropout.ToDraw(), rowBase, x, y);
    }

    /// <summary>dx = dy under the forward pass's mask.</summary>
    /// <param name="dy">[rows, width].</param>
    /// <param name="dx">[rows, width]; may be <paramref name="dy"/>.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="width">The row length.</param>
    /// <param name="dropout">As in the forward pass.</param>
    /// <param name="rowBase">As in the forward pass.</param>
    public void Backward(ArrayView<float> dy, ArrayView<float> dx, int rows, int width, DropoutState dropout, int rowBase) =>
        Forward(dy, dx, rows, width, dropout, rowBase);

    /// <summary>
    /// How kernels walk a row under a mask: iteration <paramref name="call"/>, a multiple of the group's size, gives every thread one call of
    /// the generator, which serves four columns, <see cref="DropoutDraw.BlockCalls"/> apart. This is the first of them.
    /// </summary>
    /// <remarks>
    /// For groups of up to 16 threads it is a uniform value plus the thread's index, so that the accesses are consecutive.
    /// </remarks>
    internal static int FirstColumn(int call)
    {
        int lane = Group.IdxX;
        if (Group.DimX <= DropoutDraw.BlockCalls)
            return ((call >> 4) << 6) + (call & 15) + lane;
        return (((call + lane) >> 4) << 6) + ((call + lane) & 15);
    }

    /// <summary>The column behind the last one that the iteration's calls serve, the same for all threads.</summary>
    internal static int ColumnsEnd(int call) => (((call + Group.DimX + 15) >> 4) << 6);

    /// <summary>The calls of a row: every started block of 64 columns takes 16.</summary>
    internal static int CallsOf(int width) => ((width + 63) >> 6) << 4;

    /// <summary>The factor of an element by its random word.</summary>
    internal static float FactorOf(DropoutDraw draw, uint word) => Utilities.Select(draw.Keeps(word), draw.Scale, 0f);

    [Kernel]
    private static void Kernel(int rows, int width, DropoutDraw draw, int rowBase, ArrayView<float> x, ArrayView<float> y)
    {
        int first = Grid.IdxX * RowLaunch.RowsPerGroup;
        int end = IntrinsicMath.Min(first + RowLaunch.RowsPerGroup, rows);
        int calls = CallsOf(width);
        for (int row = first; row < end; row++)
        {
            for (int call = 0; call < calls; call += Group.DimX)
            {
                var words = draw.Words(rowBase + row, call + Group.IdxX);
                int column = FirstColumn(call);
                int i = row * width + column;
                if (ColumnsEnd(call) <= width)
                {
                    y[i] = x[i] * FactorOf(draw, words.Word0);
                    y[i + 16] = x[i + 16] * FactorOf(draw, words.Word1);
                    y[i + 32] = x[i + 32] * FactorOf(draw, words.Word2);
                    y[i + 48] = x[i + 48] * FactorOf(draw, words.Word3);
                }
                else
                {
                    if (column < width)
                        y[i] = x[i] * FactorOf(draw, words.Word0);
                    if (column + 16 < width)
                        y[i + 16] = x[i + 16] * FactorOf(draw, words.Word1);
                    if (column + 32 < width)
                        y[i + 32] = x[i + 32] * FactorOf(draw, words.Word2);
                    if (column + 48 < width)
                        y[i + 48] = x[i + 48] * FactorOf(draw, words.Word3);
                }
            }
        }
    }
}
