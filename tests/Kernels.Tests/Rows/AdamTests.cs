using Xunit;

namespace Engine.Kernels.Tests;

/// <summary>The three forms of Adam against double precision over several steps.</summary>
[Collection(TestDevices.Collection)]
public sealed class AdamTests(TestDevices devices)
{
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void FiveStepsFollowTheDoubleReference(string name)
    {
        using var checks = new AdamChecks(devices.Get(name), new Comparison());
        foreach (int count in name == "ilgpu-cpu" ? [1, 300, 4097] : new[] { 1, 255, 256, 300, 4096, 4097, 70_001 })
        {
            foreach (var form in Enum.GetValues<AdamForm>())
                checks.FiveSteps(count, form);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void PaddingStaysZero(string name)
    {
        var device = devices.Get(name);
        using var adam = new Adam(device);
        using var buffers = new DeviceBuffers(device);
        var parameters = buffers.Of(new float[512]);
        var gradients = buffers.Of(new float[512]);
        var first = buffers.Of(new float[512]);
        var second = buffers.Of(new float[512]);
        foreach (var form in Enum.GetValues<AdamForm>())
            adam.Run(parameters, gradients, first, second, buffers.Of(1f, 0f), default, 512, new AdamStep(form, 1e-2, 1, 0.1));
        Assert.All(buffers.Read(parameters), value => Assert.Equal(0f, value));
    }
}
