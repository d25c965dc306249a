using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>Column sums, pooling over sequences and the gradient norm.</summary>
[Collection(TestDevices.Collection)]
public sealed class ReductionTests(TestDevices devices)
{
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void ColumnSumsFollowTheDoubleReference(string name)
    {
        using var checks = new ReductionChecks(devices.Get(name), new Comparison());
        foreach (int columns in RowCases.Columns(name))
        {
            foreach (int rows in new[] { 1, 63, 64, 65, 200 })
                checks.Columns(new RowShape(rows, columns));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void NoRowsSumToZero(string name)
    {
        var device = devices.Get(name);
        using var columnSum = new ColumnSum(device);
        using var buffers = new DeviceBuffers(device);
        var sum = buffers.Out(5);
        columnSum.Run(buffers.Of(1f), sum, 0, 5, accumulate: false);
        Assert.Equal(new float[5], buffers.Read(sum));
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void FirstRowsAreTakenAndTheirGradientsPutBack(string name)
    {
        using var checks = new SequenceChecks(devices.Get(name), new Comparison());
        foreach (int width in new[] { 1, 17, 129 })
        {
            checks.GatherForward(width);
            checks.GatherBackward(width);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void AnyRowsAreTakenInAnyOrder(string name)
    {
        const int Width = 19;
        int[] rows = [8, 0, 3, 3, 9];
        var device = devices.Get(name);
        var x = CheckInputs.Uniform(10 * Width, 1);
        using var buffers = new DeviceBuffers(device);
        var y = buffers.Out(rows.Length * Width);
        new RowGather(device).Take(buffers.Of(x), buffers.Of(rows), y, rows.Length, Width);
        Assert.Equal(rows.SelectMany(row => x[(row * Width)..((row + 1) * Width)]), buffers.Read(y));
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void MeanPoolingFollowsTheDoubleReference(string name)
    {
        using var checks = new SequenceChecks(devices.Get(name), new Comparison());
        foreach (int width in new[] { 1, 17, 129 })
        {
            checks.PoolForward(width);
            checks.PoolBackward(width);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void TheNormAndItsClipFactorFollowTheDoubleReference(string name)
    {
        using var checks = new ReductionChecks(devices.Get(name), new Comparison());
        foreach (int count in new[] { 1, 17, 8191, 8192, 8193, name == "ilgpu-cpu" ? 20_000 : 700_001 })
            checks.Norm(count);
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void ANormThatIsNotFiniteIsSeen(string name)
    {
        var device = devices.Get(name);
        using var gradientNorm = new GradientNorm(device);
        using var buffers = new DeviceBuffers(device);
        var gradients = CheckInputs.Uniform(9000, 1);
        gradients[8500] = float.NaN;
        var result = buffers.Out(2);
        gradientNorm.Run(buffers.Of(gradients), result, gradients.Length, 1f);
        Assert.False(float.IsFinite(buffers.Read(result)[0]));
    }
}
