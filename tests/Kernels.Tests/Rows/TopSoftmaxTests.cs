using Engine.Compute;
using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>The largest probabilities of long rows, against a sort and a softmax in double precision.</summary>
[Collection(TestDevices.Collection)]
public sealed class TopSoftmaxTests(TestDevices devices)
{
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void TheMostProbableColumnsComeFirst(string name)
    {
        var device = devices.Get(name);
        foreach (int columns in RowCases.Columns(name))
        {
            foreach (int rows in RowCases.Rows(name))
                Check(device, CheckInputs.Uniform(rows * columns, columns, 10f), rows, columns, Math.Min(columns, 7));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.Fast), MemberType = typeof(TestDevices))]
    public void RowsMayBeAsLongAsAVocabulary(string name) => Check(devices.Get(name), CheckInputs.Uniform(3 * 30522, 1, 10f), 3, 30522, 20);

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void OfEqualValuesTheFirstColumnComesFirst(string name)
    {
        // Few different values, so that equals lie in one thread's columns, in neighbours', and in all columns at last.
        var device = devices.Get(name);
        Check(device, [.. Enumerable.Range(0, 150).Select(i => i * 37 % 5 * -1f)], 1, 150, 100);
        Check(device, new float[40], 2, 20, 20);
        Check(device, [1f, float.NegativeInfinity, 2f, float.NegativeInfinity], 1, 4, 4);
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void RowsThatHoldNaNHaveNoProbabilities(string name)
    {
        var device = devices.Get(name);
        var (indices, probabilities) = Run(device, [1f, float.NaN, 2f, 3f, 2f, 1f], 2, 3, 3);
        Assert.All(probabilities[..3], p => Assert.True(float.IsNaN(p)));
        Assert.Equal([2, 0, -1, 0, 1, 2], indices);
        Assert.All(probabilities[3..], p => Assert.InRange(p, 0.05f, 0.7f));
    }

    [Fact]
    public void SizesOutOfRangeAreRefused()
    {
        var top = new TopSoftmax(devices.Get("ilgpu-cpu"));
        Assert.Throws<ArgumentOutOfRangeException>(() => top.Run(default, default, default, 1, 4, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => top.Run(default, default, default, 1, 4, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => top.Run(default, default, default, 1, TopSoftmax.MaxColumns + 1, 5));
        top.Run(default, default, default, 0, 4, 4);
    }

    private static void Check(ComputeDevice device, float[] x, int rows, int columns, int count)
    {
        using var checks = new SoftmaxChecks(device, new Comparison());
        checks.Top(x, new RowShape(rows, columns), count);
    }

    private static (int[] Indices, float[] Probabilities) Run(ComputeDevice device, float[] x, int rows, int columns, int count)
    {
        using var buffers = new DeviceBuffers(device);
        var indices = buffers.Of(new int[rows * count]);
        var probabilities = buffers.Out(rows * count);
        new TopSoftmax(device).Run(buffers.Of(x), indices, probabilities, rows, columns, count);
        return (buffers.Read(indices), buffers.Read(probabilities));
    }
}
