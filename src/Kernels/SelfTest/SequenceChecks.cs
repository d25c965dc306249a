using Engine.Compute;

namespace Engine.Kernels;

/// <summary>One row for every sequence: the first, or the mean of all; forward and backward.</summary>
internal sealed class SequenceChecks(ComputeDevice device, Comparison comparison) : OperationChecks(device, comparison)
{
    private static readonly int[] Offsets = CheckInputs.Offsets(1, 3, 16, 1, 29);
    private static readonly int Sequences = Offsets.Length - 1;

    private readonly RowGather gather = new(device);
    private readonly MeanPool pool = new(device);

    /// <summary>The self-test's cases; a size is the row length.</summary>
    public static IEnumerable<SelfTestCase> Cases()
    {
        int[] widths = [1, 17, 129];
        return
        [
            SelfTestCase.Of("first rows forward", ["RowGather.ForwardKernel"], widths, Make, (checks, width) => checks.GatherForward(width)),
            SelfTestCase.Of("first rows backward", ["RowGather.BackwardKernel"], widths, Make, (checks, width) => checks.GatherBackward(width)),
            SelfTestCase.Of("means of sequences forward", ["MeanPool.ForwardKernel"], widths, Make, (checks, width) => checks.PoolForward(width)),
            SelfTestCase.Of("means of sequences backward", ["MeanPool.BackwardKernel"], widths, Make, (checks, width) => checks.PoolBackward(width)),
        ];

        static SequenceChecks Make(ComputeDevice device, Comparison comparison) => new(device, comparison);
    }

    /// <summary>The first row of every sequence.</summary>
    public void GatherForward(int width)
    {
        var x = CheckInputs.Uniform(Offsets[^1] * width, 1);
        using var buffers = new DeviceBuffers(Device);
        var y = buffers.Out(Sequences * width);
        gather.Forward(buffers.Of(x), buffers.Of(Offsets), y, Sequences, width);
        var expected = new float[Sequences * width];
        for (var s = 0; s < Sequences; s++)
            Array.Copy(x, Offsets[s] * width, expected, s * width, width);
        Comparison.Same(expected, buffers.Read(y), "y");
    }

    /// <summary>Its gradient, and zeros in all other rows.</summary>
    public void GatherBackward(int width)
    {
        var dy = CheckInputs.Uniform(Sequences * width, 2);
        using var buffers = new DeviceBuffers(Device);
        var dx = buffers.Out(Offsets[^1] * width);
        gather.Backward(buffers.Of(dy), buffers.Of(Offsets), dx, Sequences, width);
        var expected = new float[Offsets[^1] * width];
        for (var s = 0; s < Sequences; s++)
            Array.Copy(dy, s * width, expected, Offsets[s] * width, width);
        Comparison.Same(expected, buffers.Read(dx), "dx");
    }

    /// <summary>The mean of every sequence's rows.</summary>
    public void PoolForward(int width)
    {
        var x = CheckInputs.Uniform(Offsets[^1] * width, 1);
        using var buffers = new DeviceBuffers(Device);
        var y = buffers.Out(Sequences * width);
        pool.Forward(buffers.Of(x), buffers.Of(Offsets), y, Sequences, width);
        var expected = new double[Sequences * width];
        ForEachElement(width, (length, result, element) => expected[result] += (double)x[element] / length);

        // The mean of values up to 1 through a sum of up to 29 additions.
        Comparison.Near(expected, buffers.Read(y), 0, 31 * Rounding.Unit, "y");
    }

    /// <summary>A sequence's gradient divided by its length, in each of its rows.</summary>
    public void PoolBackward(int width)
    {
        var dy = CheckInputs.Uniform(Sequences * width, 2);
        using var buffers = new DeviceBuffers(Device);
        var dx = buffers.Out(Offsets[^1] * width);
        pool.Backward(buffers.Of(dy), buffers.Of(Offsets), dx, Sequences, width);
        var expected = new double[Offsets[^1] * width];
        ForEachElement(width, (length, result, element) => expected[element] = (double)dy[result] / length);

        // One division; that of GPUs may err by 2.5 units in the last place (OpenCL's bound), which are at most 5 relative units.
        Comparison.Near(expected, buffers.Read(dx), 5 * Rounding.Unit, 0, "dx");
    }

    /// <summary>Calls with a sequence's length and the places of an element of its result and of one of its rows.</summary>
    private static void ForEachElement(int width, Action<int, int, int> action)
    {
        for (var s = 0; s < Sequences; s++)
        {
            for (var i = Offsets[s] * width; i < Offsets[s + 1] * width; i++)
                action(Offsets[s + 1] - Offsets[s], (s * width) + (i % width), i);
        }
    }
}
