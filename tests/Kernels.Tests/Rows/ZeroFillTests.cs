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
        using var checks = new DropoutChecks(device, new Comparison());
        foreach (int length in new[] { 1, 48, 130, 1500 })
            checks.ZeroFill(length);
        using var buffers = new DeviceBuffers(device);
        new ZeroFill(device).Run(buffers.Of(1f).SubView(0, 0));
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
