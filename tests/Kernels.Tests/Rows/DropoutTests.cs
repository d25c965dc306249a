using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>Dropout's masks on devices against the generator on the host.</summary>
[Collection(TestDevices.Collection)]
public sealed class DropoutTests(TestDevices devices)
{
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void EveryElementFollowsItsOwnDraw(string name)
    {
        using var checks = new DropoutChecks(devices.Get(name), new Comparison());
        foreach (int width in new[] { 1, 15, 17, 63, 64, 65, 127, 384 })
        {
            checks.Forward(new RowShape(10, width));
            checks.Backward(new RowShape(10, width));
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void PartsOfABatchDrawTheWholesMasks(string name)
    {
        var device = devices.Get(name);
        var dropout = new Dropout(device);
        var state = new DropoutState(0.4f, 1, 2, 3);
        const int Width = 70;
        var ones = Enumerable.Repeat(1f, 12 * Width).ToArray();
        using var buffers = new DeviceBuffers(device);
        var whole = buffers.Out(12 * Width);
        var part = buffers.Out(5 * Width);
        dropout.Forward(buffers.Of(ones), whole, 12, Width, state, 0);
        dropout.Forward(buffers.Of(ones), part, 5, Width, state, 7);
        Assert.Equal(buffers.Read(whole)[(7 * Width)..], buffers.Read(part));
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.Fast), MemberType = typeof(TestDevices))]
    public void AsManyAreDroppedAsTheProbabilitySays(string name)
    {
        var device = devices.Get(name);
        var dropout = new Dropout(device);
        const int Rows = 400;
        const int Width = 256;
        var ones = Enumerable.Repeat(1f, Rows * Width).ToArray();
        foreach (float probability in new[] { 0f, 0.1f, 0.5f })
        {
            using var buffers = new DeviceBuffers(device);
            var y = buffers.Out(Rows * Width);
            dropout.Forward(buffers.Of(ones), y, Rows, Width, new DropoutState(probability, 77, 1, 2), 0);
            int dropped = buffers.Read(y).Count(v => v == 0);

            // Five standard deviations of a binomial count.
            double spread = 5 * Math.Sqrt(Rows * Width * probability * (1 - probability));
            Assert.InRange(dropped, Rows * Width * probability - spread, Rows * Width * probability + spread);
        }
    }
}
