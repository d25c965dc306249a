using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>Clearing a part of a buffer, on every device.</summary>
[Collection(TestDevices.Collection)]
public sealed class ZeroFillTests(TestDevices devices)
{
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void AViewInTheMiddleIsClearedAndNothingElse(string name)
    {
        var device = devices.Get(name);
        var fill = new ZeroFill(device);
        using var buffers = new DeviceBuffers(device);
        foreach (var (start, length) in new[] { (0, 1), (16, 48), (65, 130), (512, 1500) })
        {
            var values = Enumerable.Range(1, 2048).Select(i => (float)i).ToArray();
            var whole = buffers.Of(values);
            fill.Run(whole.SubView(start, length));
            Array.Clear(values, start, length);
            Assert.Equal(values, buffers.Read(whole));
        }

        fill.Run(buffers.Of(1f).SubView(0, 0));
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void GradientsOfTablesInOneBufferAreClearedWhereTheyAre(string name)
    {
        const int Hidden = 24;
        var device = devices.Get(name);
        using var embedding = new Embedding(device, Hidden);
        using var buffers = new DeviceBuffers(device);
        var values = Enumerable.Repeat(7f, 40 * Hidden).ToArray();
        var whole = buffers.Of(values);
        embedding.ClearGradients(whole.SubView(2 * Hidden, 10 * Hidden), whole.SubView(14 * Hidden, 5 * Hidden), whole.SubView(20 * Hidden, 2 * Hidden));
        Array.Clear(values, 2 * Hidden, 10 * Hidden);
        Array.Clear(values, 14 * Hidden, 5 * Hidden);
        Array.Clear(values, 20 * Hidden, 2 * Hidden);
        Assert.Equal(values, buffers.Read(whole));
    }
}
