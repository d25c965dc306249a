using Engine.Compute;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels.Tests;

/// <summary>
/// The buffers of an operation that is compared bit for bit. Inputs are the same on every device; outputs hold a mark before the operation runs and end in
/// elements that it must not touch, so that what is forgotten or written too much differs.
/// </summary>
internal sealed class BitsRun(ComputeDevice device) : IDisposable
{
    private const int Beyond = 32;
    private const int Mark = unchecked((int)0xF4D3C2B1);

    private readonly List<IDisposable> kept = [];
    private readonly List<Func<int[]>> outputs = [];
    private int seed;

    /// <summary>Gets the device.</summary>
    public ComputeDevice Device => device;

    /// <summary>Gets the sizes by which kernels choose their shape.</summary>
    public TileTable Tiles => device.Tiles;

    /// <summary>Keeps an operation until the results are read.</summary>
    public T Keep<T>(T operation)
        where T : IDisposable
    {
        kept.Add(operation);
        return operation;
    }

    /// <summary>An input of values evenly distributed in [-scale, scale), others than every other input's.</summary>
    public ArrayView<float> In(int count, float scale = 1f)
    {
        var random = new Random(++seed);
        return Of([.. Enumerable.Range(0, count).Select(_ => (random.NextSingle() * 2f - 1f) * scale)]);
    }

    /// <summary>An input of these values.</summary>
    public ArrayView<float> Of(params float[] values) => Keep(device.Accelerator.Allocate1D(values)).View.AsContiguous();

    /// <summary>An input of these integers.</summary>
    public ArrayView<int> Of(params int[] values) => Keep(device.Accelerator.Allocate1D(values)).View.AsContiguous();

    /// <summary>An output.</summary>
    public ArrayView<float> Out(int count) => Marked<float>(count, view => view.Cast<float>());

    /// <summary>An output of integers.</summary>
    public ArrayView<int> OutInts(int count) => Marked<int>(count, view => view);

    /// <summary>A buffer that is read and written, values as those of an input.</summary>
    public ArrayView<float> InOut(int count, float scale = 1f)
    {
        var output = Out(count);
        output.CopyFrom(In(count, scale));
        return output;
    }

    /// <summary>Adds results that are on the host already.</summary>
    public void Add(float[] values) => outputs.Add(() => [.. values.Select(BitConverter.SingleToInt32Bits)]);

    /// <summary>The bits of all outputs in the order in which they were made, what is no number being one of them: which payload survives is the processor's choice.</summary>
    public IReadOnlyList<int[]> Results()
    {
        device.Synchronize();
        return [.. outputs.Select(output => Array.ConvertAll(output(), bits => float.IsNaN(BitConverter.Int32BitsToSingle(bits)) ? BitConverter.SingleToInt32Bits(float.NaN) : bits))];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var one in Enumerable.Reverse(kept))
            one.Dispose();
    }

    private ArrayView<T> Marked<T>(int count, Func<ArrayView<int>, ArrayView<T>> see)
        where T : unmanaged
    {
        var buffer = Keep(device.Accelerator.Allocate1D(Enumerable.Repeat(Mark, count + Beyond).ToArray()));
        outputs.Add(() => buffer.GetAsArray1D());
        return see(buffer.View.AsContiguous()).SubView(0, count);
    }
}

/// <summary>An operation whose results are compared bit for bit.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Run">Launches it with buffers of the run.</param>
internal sealed record BitsOperation(string Name, Action<BitsRun> Run);
