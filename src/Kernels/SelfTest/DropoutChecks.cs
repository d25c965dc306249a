using Engine.Compute;

namespace Engine.Kernels;

/// <summary><see cref="Dropout"/> and <see cref="ZeroFill"/>: both write numbers that are known to the bit.</summary>
internal sealed class DropoutChecks(ComputeDevice device, Comparison comparison) : OperationChecks(device, comparison)
{
    private readonly Dropout dropout = new(device);
    private readonly ZeroFill fill = new(device);

    /// <summary>The self-test's cases.</summary>
    public static IEnumerable<SelfTestCase> Cases()
    {
        RowShape[] shapes = [new(10, 1), new(10, 63), new(10, 127)];
        int[] lengths = [1, 48, 1500];
        return
        [
            SelfTestCase.Of("dropout forward", ["Dropout.Kernel"], shapes, Make, (checks, shape) => checks.Forward(shape)),
            SelfTestCase.Of("dropout backward", ["Dropout.Kernel"], shapes, Make, (checks, shape) => checks.Backward(shape)),
            SelfTestCase.Of("fill with zeros", ["ZeroFill.FillKernel"], lengths, Make, (checks, length) => checks.ZeroFill(length)),
        ];

        static DropoutChecks Make(ComputeDevice device, Comparison comparison) => new(device, comparison);
    }

    /// <summary>y = x under the mask.</summary>
    public void Forward(RowShape shape) => Run(shape, backward: false);

    /// <summary>dx = dy under the mask.</summary>
    public void Backward(RowShape shape) => Run(shape, backward: true);

    /// <summary>A view in the middle of a buffer is cleared, and nothing else.</summary>
    public void ZeroFill(int length)
    {
        var values = Enumerable.Range(1, 2048).Select(i => (float)i).ToArray();
        using var buffers = new DeviceBuffers(Device);
        foreach (var start in new[] { 0, 16, 65, 513 })
        {
            var whole = buffers.Of(values);
            fill.Run(whole.SubView(start, length));
            var expected = (float[])values.Clone();
            Array.Clear(expected, start, length);
            Comparison.Same(expected, buffers.Read(whole), $"filled from {start}");
        }
    }

    private void Run(RowShape shape, bool backward)
    {
        const int RowBase = 3;
        var state = new DropoutState(0.1f, 0xFEDCBA9876543210, 12, 5);
        var draw = state.ToDraw();
        var x = CheckInputs.Uniform(shape.Count, 1);
        using var buffers = new DeviceBuffers(Device);
        var y = buffers.Out(shape.Count);
        if (backward)
            dropout.Backward(buffers.Of(x), y, shape.Rows, shape.Columns, state, RowBase);
        else
            dropout.Forward(buffers.Of(x), y, shape.Rows, shape.Columns, state, RowBase);

        // The generator on the host, whose tests hold it to its authors' known answers.
        Comparison.Same(
            [.. x.Select((v, i) => v * draw.Factor(RowBase + (i / shape.Columns), i % shape.Columns))], buffers.Read(y), backward ? "dx" : "y");
    }
}
