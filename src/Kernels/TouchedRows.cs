using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>
/// Clears the gradient of a large table by the rows that were added to since it was last clear: a batch touches hundreds of a
/// vocabulary's tens of thousands of rows.
/// </summary>
internal sealed class TouchedRows(ComputeDevice device, int rowLength) : IDisposable
{
    private readonly DeviceScratch<int> deviceRows = new(device);
    private readonly ZeroFill zeroFill = new(device);
    private readonly List<int> rows = [];

    // Batches whose gradients add up touch the same rows: two groups must not clear one row.
    private readonly HashSet<int> listed = [];
    private (MemoryBuffer? Buffer, long Index, long Length) table;
    private int capacity;
    private Action<KernelConfig, SpecializedValue<int>, ArrayView<int>, ArrayView<float>>? kernel;

    /// <summary>Makes room for this many touched rows; more are right too, but clear the whole table.</summary>
    public void Reserve(int maxRows)
    {
        capacity = Math.Max(capacity, maxRows);
        deviceRows.Take(Math.Max(1, capacity));
        rows.EnsureCapacity(capacity);
        listed.EnsureCapacity(capacity);
    }

    /// <summary>Notes that rows are added to.</summary>
    /// <param name="gradient">The table's gradient.</param>
    /// <param name="touched">The rows, without repetition.</param>
    public void Add(ArrayView<float> gradient, ReadOnlySpan<int> touched)
    {
        if (table != Identify(gradient))
            return;
        if (rows.Count + touched.Length > capacity)
        {
            table = default;
            return;
        }

        foreach (int row in touched)
        {
            if (listed.Add(row))
                rows.Add(row);
        }
    }

    /// <summary>Sets the gradient to 0: by rows where it is the one that was last cleared, and as a whole otherwise.</summary>
    public void Clear(ArrayView<float> gradient)
    {
        var identity = Identify(gradient);
        if (table != identity)
        {
            zeroFill.Run(gradient);

            // Row 0 once more, by rows: the first step compiles what later ones run.
            rows.Clear();
            rows.Add(0);
        }

        if (rows.Count > 0)
        {
            using var measured = device.Profile?.Begin("zero fill of embedding rows", 0, sizeof(float) * (double)rowLength * rows.Count);
            var list = deviceRows.Take(Math.Max(1, capacity)).SubView(0, rows.Count);
            list.CopyFromCPU(device.Stream, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(rows));
            kernel ??= device.LoadOnce(ClearKernel, KernelLoaders.LoadStreamKernel);
            kernel(new KernelConfig(rows.Count, device.Tiles.RowGroupSize), SpecializedValue.New(rowLength), list, gradient);
        }

        table = identity;
        rows.Clear();
        listed.Clear();
    }

    /// <inheritdoc/>
    public void Dispose() => deviceRows.Dispose();

    private static (MemoryBuffer? Buffer, long Index, long Length) Identify(ArrayView<float> view)
    {
        IContiguousArrayView contiguous = view;
        return (contiguous.Buffer, contiguous.Index, view.Length);
    }

    [Kernel]
    private static void ClearKernel(SpecializedValue<int> length, ArrayView<int> rows, ArrayView<float> table)
    {
        int lane = Group.IdxX;
        int row = rows[Grid.IdxX];
        for (int c = 0; c < length; c += Group.DimX)
        {
            if (c + lane < length)
                table[row * length + c + lane] = 0f;
        }
    }
}
